// Item: what stands behind an id in an order's sheet: a reading, a material or a note.
import type { Sheet } from "../client/views";

export type Item = { shown: string; unit: string; person: string; at: string; isText: boolean };

export function itemOf(sheet: Sheet, id: string): Item | null {
  for (const line of sheet.lines) {
    const reading = line.readings.find((one) => one.id === id);
    if (reading) return { shown: reading.value, unit: reading.unit, person: reading.where ?? "", at: reading.at, isText: false };
  }
  const material = sheet.materials.find((one) => one.id === id);
  if (material) return { shown: material.quantity, unit: material.unit ?? "", person: material.person, at: material.at, isText: false };
  const note = sheet.notes.find((one) => one.id === id);
  return note ? { shown: note.text, unit: "", person: note.person, at: note.at, isText: true } : null;
}
