// Next: which big action an order offers. The core says what is next and what is missing; this finds its screen.
import type { IconName } from "../parts/icons";
import type { Line, Sheet, Step } from "../client/views";
import { format } from "../routes";

export type Next =
  | { kind: "step"; step: Step; icon: IconName }
  | { kind: "line"; line: Line; icon: IconName; href: string }
  | { kind: "finish"; step: Step; icon: IconName; href: string };

const ICONS: Record<string, IconName> = { start: "play", pause: "pause", finish: "flag", resume: "play", reopen: "undo" };

export function iconOfStep(step: string): IconName {
  return ICONS[step] ?? "go";
}

export function hrefOfLine(sheet: Sheet, line: string): string {
  // A point of the checklist is ticked on the order itself.
  if (line.startsWith("check:")) return format({ at: "order", folio: sheet.folio });
  return format({ at: "line", folio: sheet.folio, line });
}

/** Returns the action at the thumb: what is missing while the work is in hand, else the next step. */
export function nextOf(sheet: Sheet): Next | null {
  const step = sheet.steps.find((one) => one.is_next);
  const isFinish = step?.step === "finish";
  const lacking = sheet.row.is_on ? sheet.missing[0] : undefined;
  const line = lacking ? sheet.lines.find((one) => one.id === lacking.line) : undefined;
  if (line && (isFinish || !step)) return { kind: "line", line, icon: "pen", href: hrefOfLine(sheet, line.id) };
  if (!step) return null;
  const icon = iconOfStep(step.step);
  if (isFinish) return { kind: "finish", step, icon, href: format({ at: "finish", folio: sheet.folio }) };
  return { kind: "step", step, icon };
}

/** Returns the steps that are no big action: pause, cancel and others that are possible now. */
export function otherSteps(sheet: Sheet): Step[] {
  return sheet.steps.filter((step) => !step.is_next);
}
