/** Small models, trained by `tooling/recipes`: each a package of its own with a card, README.md, that says what it is good for. */
export const SMALL_MODELS = {
  "question-classification": { task: "text-classification", about: "what kind of answer a question asks for" },
  sentiment: { task: "text-classification", about: "whether a sentence is for or against what it speaks of" },
  chunking: { task: "token-classification", about: "the phrases of a sentence" },
  entities: { task: "token-classification", about: "names of people, places and organisations" },
  "sentence-encoder": { task: "feature-extraction", about: "vectors of sentences, for search and comparing" },
} as const;

export type SmallModel = keyof typeof SMALL_MODELS;

/** The models that answer when none is named; the others have to be asked for by name. */
const DEFAULTS = {
  "text-classification": "question-classification",
  "token-classification": "chunking",
  "feature-extraction": "sentence-encoder",
  "sentence-similarity": "sentence-encoder",
} as const;

/** A task that one of the models answers where none is named. */
export type SmallModelTask = keyof typeof DEFAULTS;

/** A model of ours whose package is not installed; the message has the command that installs it. */
export class ModelNotInstalledError extends Error {
  override readonly name = "ModelNotInstalledError";
  readonly model: string;
  /** Its package. */
  readonly package: string;

  constructor(model: string) {
    const name = modelPackage(model as SmallModel);
    super(`the model ${model} is in a package of its own, which is not installed: npm install ${name}`);
    this.model = model;
    this.package = name;
  }
}

/** The package that a model is in: `@convbert/model-...`. */
export function modelPackage(name: SmallModel): string {
  return `@convbert/model-${name}`;
}

/** The name of the model that a name, or a task, means; undefined for anything else. */
export function modelNamed(name: string): SmallModel | undefined {
  const model = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name as SmallModelTask] : name;
  return Object.hasOwn(SMALL_MODELS, model) ? (model as SmallModel) : undefined;
}

/**
 * Where an installed model is, by its name, or by the task that it answers when none is named; undefined for anything else.
 * A folder's file URL in Node, Bun and Deno, found from where this package is installed; a browser's bundle imports the files
 * of `@convbert/model-.../` as assets instead.
 * @throws ModelNotInstalledError with the command that installs it.
 */
export function installedModel(name: SmallModelTask | SmallModel): URL;
export function installedModel(name: string): URL | undefined;
export function installedModel(name: string): URL | undefined {
  const model = modelNamed(name);
  if (model === undefined) return undefined;
  const config = resolved(`${modelPackage(model)}/config.json`);
  if (config === undefined) throw new ModelNotInstalledError(model);
  return new URL("./", config);
}

function resolved(specifier: string): string | undefined {
  try {
    return import.meta.resolve(specifier);
  } catch {
    return undefined;
  }
}
