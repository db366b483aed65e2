/** A configuration that no ConvBERT can have. `field` is the name in config.json. */
export class ConfigError extends Error {
  readonly field: string;

  constructor(field: string, message: string, options?: ErrorOptions) {
    super(`config ${field}: ${message}`, options);
    this.name = "ConfigError";
    this.field = field;
  }
}

/** An argument that the model cannot take. `argument` is its name, as `input_ids`. */
export class InputError extends Error {
  readonly argument: string;

  constructor(argument: string, message: string, options?: ErrorOptions) {
    super(`${argument}: ${message}`, options);
    this.name = "InputError";
    this.argument = argument;
  }
}

/** A checkpoint that does not fit the model. */
export class CheckpointError extends Error {
  readonly location: string;

  constructor(location: string, message: string, options?: ErrorOptions) {
    super(`${location}: ${message}`, options);
    this.name = "CheckpointError";
    this.location = location;
  }
}

/** A model that was used after `dispose`, or disposed while it ran. `model` is its class, as `ConvBertModel`. */
export class DisposedModelError extends Error {
  readonly model: string;

  constructor(model: string) {
    super(`${model}: the model was disposed; dispose it after its last call has finished, and load it again to go on`);
    this.name = "DisposedModelError";
    this.model = model;
  }
}
