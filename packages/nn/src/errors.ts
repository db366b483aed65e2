/** A configuration that no model can have. `field` is the name in config.json. */
export class ConfigError extends Error {
  readonly field: string;
  /** Where the configuration was read from; undefined for one that a program made. */
  readonly file: string | undefined;

  constructor(field: string, message: string, options: ErrorOptions & { readonly file?: string } = {}) {
    const { file, ...rest } = options;
    super(`${file === undefined ? "" : `${file}: `}config ${field}: ${message}`, rest);
    this.name = "ConfigError";
    this.field = field;
    this.file = file;
    this.#message = message;
  }

  /** What it says of the field. */
  readonly #message: string;

  /** The same error with the file that has the field. */
  in(file: string): ConfigError {
    return new ConfigError(this.field, this.#message, { cause: this, file });
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

export interface MissingWeightsFields {
  readonly model: string;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly newHead: boolean;
}

/** A checkpoint without weights that the model needs, where nobody has asked for new ones. */
export class MissingWeightsError extends CheckpointError {
  /** Name of the model's class, as `ConvBertForTokenClassification`. */
  readonly model: string;
  /** The model's names of what is missing. */
  readonly missing: readonly string[];
  /** The checkpoint's names of what the model has no place for. */
  readonly unexpected: readonly string[];
  /** Whether only the head is missing, so that `allowNewHead` would load the model. */
  readonly newHead: boolean;

  constructor(location: string, message: string, { model, missing, unexpected, newHead }: MissingWeightsFields) {
    super(location, message);
    this.name = "MissingWeightsError";
    this.model = model;
    this.missing = missing;
    this.unexpected = unexpected;
    this.newHead = newHead;
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
