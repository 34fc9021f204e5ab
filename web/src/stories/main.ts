// Stories page: lists all stories; `?story=NAME` shows one, `&lang=en` in English.
import "../style/tokens.css";
import "../style/base.css";
import { readLang, chooseLang } from "../words/words.svelte";
import type { Story } from "./story";

const found = import.meta.glob<{ stories: Story[] }>("../**/*.stories.ts", { eager: true });
const all = Object.values(found).flatMap((module) => module.stories);
const asked = new URLSearchParams(location.search);
const lang = asked.get("lang");
if (lang === "es" || lang === "en") chooseLang(lang);
else readLang();

const target = document.getElementById("app");
const chosen = all.find((one) => one.name === asked.get("story"));
if (target && chosen) chosen.show(target);
else if (target) list(target);

function list(into: HTMLElement): void {
  for (const one of all) {
    const link = document.createElement("a");
    link.className = "line";
    link.href = `?story=${encodeURIComponent(one.name)}`;
    link.textContent = one.name;
    into.append(link);
  }
}
