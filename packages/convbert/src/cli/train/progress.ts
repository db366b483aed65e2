import type { TrainerEvent } from "@convbert/trainer";
import { printable } from "../printable.js";
import type { ProgressLine } from "../progress.js";
import { padded, type Style } from "../style.js";
import type { Terminal } from "../terminal.js";

const BAR = 20;

/** Shows a run on standard error: a line that moves in a terminal, and a line that stays for each evaluation. */
export class TrainProgress {
  readonly #terminal: Terminal;
  readonly #line: ProgressLine;
  readonly #style: Style;
  #epochs = 0;

  constructor(terminal: Terminal, line: ProgressLine, style: Style) {
    this.#terminal = terminal;
    this.#line = line;
    this.#style = style;
  }

  show(event: TrainerEvent): void {
    const { bold, green, dim } = this.#style.colors;
    switch (event.type) {
      case "start":
        this.#epochs = event.epochs;
        if (event.resumedFrom !== null) this.#stay(`going on from ${printable(event.resumedFrom)}`);
        break;
      case "step": {
        const done = event.step / event.totalSteps;
        const filled = Math.round(done * BAR);
        const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
        const parts = [
          `${bar} ${event.step}/${event.totalSteps}`,
          `loss ${event.loss.toFixed(3)}`,
          `rate ${event.learningRate.toExponential(1)}`,
          `${Math.round(event.tokensPerSecond)} tok/s`,
          `${duration(event.secondsLeft)} left`,
        ];
        this.#line.show(parts.join("  "));
        break;
      }
      case "evaluating":
        this.#line.show(`evaluating  ${event.done} of ${event.total}`);
        break;
      case "evaluation": {
        const metrics = Object.entries(event.metrics).map(([name, value]) => {
          const text = `${printable(name)} ${shown(value)}`;
          return name === event.metric ? bold(text) : text;
        });
        const width = String(Math.ceil(this.#epochs)).length;
        const progress = `epoch ${padded(rounded(event.epoch), width)}  step ${event.step}`;
        const loss = event.trainLoss === null ? "" : `  train loss ${event.trainLoss.toFixed(4)}`;
        this.#stay(`${dim(progress)}${loss}  ${metrics.join("  ")}${event.isBest ? green("  best") : ""}`);
        break;
      }
      default:
    }
  }

  #stay(text: string): void {
    void this.#line.clear();
    void this.#terminal.stderr.write(`${text}\n`);
  }
}

/** "1h 02m", "3m 20s", "15s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (count: number): string => String(count).padStart(2, "0");
  if (hours > 0) return `${hours}h ${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m ${two(rest)}s` : `${rest}s`;
}

/** A metric with the digits that mean something. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(2) : value.toFixed(4);
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
