/** Seconds over which the speed is averaged. */
const WINDOW = 20;

/** Tokens and steps a second over the last moments, pauses such as evaluations left out. */
export class Speed {
  readonly #steps: { readonly seconds: number; readonly tokens: number }[] = [];
  #seconds = 0;
  #tokens = 0;

  add(seconds: number, tokens: number): void {
    this.#steps.push({ seconds, tokens });
    this.#seconds += seconds;
    this.#tokens += tokens;
    while (this.#steps.length > 10 && this.#seconds > WINDOW) {
      const old = this.#steps.shift()!;
      this.#seconds -= old.seconds;
      this.#tokens -= old.tokens;
    }
  }

  get tokensPerSecond(): number {
    return this.#seconds > 0 ? this.#tokens / this.#seconds : 0;
  }

  get secondsPerStep(): number {
    return this.#seconds / Math.max(1, this.#steps.length);
  }
}
