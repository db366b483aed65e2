import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const { theme: first } = document.documentElement.dataset;

export const theme = signal<Theme>(first === "light" || first === "dark" ? first : "system");

/** Shows and remembers the choice; theme.js reads it before the next first paint. */
export function keepTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    const { value } = theme;
    if (value === "system") delete dataset["theme"];
    else dataset["theme"] = value;
    try {
      if (value === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", value);
    } catch {
      // Storage may be forbidden; the choice holds for this visit.
    }
  });
}
