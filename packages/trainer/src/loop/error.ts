/** Training has come to numbers that are none: the loss or the gradients are infinite or NaN. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  /** The step that failed, from 1. The model's weights may be none any more; earlier checkpoints stay. */
  readonly step: number;

  constructor(step: number, what: string, value: number) {
    super(`${what} of step ${step} is ${value}; try a lower learning rate, or a longer warm-up`);
    this.step = step;
  }
}
