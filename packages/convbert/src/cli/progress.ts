import { printable } from "./printable.js";
import { clipped } from "./style.js";
import type { Output } from "./terminal.js";

const EVERY = 80;

/** One line on a terminal's standard error that is written over and over; nothing at all where it is no terminal. */
export class ProgressLine {
  readonly #output: Output;
  #shown = false;
  #last = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Shows a text, at most every few moments. */
  show(text: string): void {
    const now = performance.now();
    if (!this.#output.isTTY || now - this.#last < EVERY) return;
    this.#last = now;
    this.#shown = true;
    void this.#output.write(`\r\x1b[K${clipped(printable(text), Math.max(1, (this.#output.columns || 80) - 1))}`);
  }

  /** Takes the line away, before anything else is written. */
  async clear(): Promise<void> {
    if (!this.#shown) return;
    this.#shown = false;
    this.#last = 0;
    await this.#output.write("\r\x1b[K");
  }
}

/** "3.4 MB": decimal units. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [count, 0];
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[unit]}`;
}
