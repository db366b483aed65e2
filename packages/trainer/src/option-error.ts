/** An option of the trainer that is out of its range. `option` names it, `value` is what it was. */
export class TrainerOptionError extends Error {
  override readonly name = "TrainerOptionError";
  readonly option: string;
  readonly value: unknown;

  constructor(option: string, value: unknown, wanted: string) {
    super(`${option} is ${JSON.stringify(value) ?? String(value)}; ${wanted}`);
    this.option = option;
    this.value = value;
  }
}
