import { printable } from "@convbert/files/internal";
import { WeightsError } from "./errors.js";
import { unwrapped } from "./wrappers.js";

/** A name and shape, of a tensor found in a checkpoint or expected by a model. */
export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface MatchOptions {
  /** The base model's name in front of its weights in a model with a head: "convbert". Without it no prefix is added or removed. */
  readonly prefix?: string;
  /** Groups of expected names that share one tensor; one of them in the checkpoint is enough. */
  readonly tied?: readonly (readonly string[])[];
  /** Names of buffers that a checkpoint may hold and the model computes itself, as the base model calls them. */
  readonly buffers?: readonly string[];
}

export interface ShapeMismatch {
  /** The model's name. */
  readonly name: string;
  /** The checkpoint's name. */
  readonly found: string;
  readonly foundShape: readonly number[];
  readonly expectedShape: readonly number[];
}

/** What a checkpoint has for a model. */
export interface NameMatch {
  /** The model's name of every weight that can be loaded -> the checkpoint's name of it. Members of a tied group that the checkpoint leaves out map to the member that it has. */
  readonly mapping: ReadonlyMap<string, string>;
  /** The model's names of what must be initialised because the checkpoint has nothing for it. */
  readonly missing: readonly string[];
  /** The checkpoint's names of what the model has no place for. */
  readonly unexpected: readonly string[];
  /** What is there in another shape; it is in none of the others. */
  readonly mismatched: readonly ShapeMismatch[];
  /** The same lists under the keys and names that the reference's `from_pretrained(output_loading_info=True)` gives. */
  readonly loadingInfo: LoadingInfo;
}

export interface LoadingInfo {
  readonly missing_keys: readonly string[];
  readonly unexpected_keys: readonly string[];
  /** Checkpoint key, shape in the checkpoint, shape in the model. */
  readonly mismatched_keys: readonly (readonly [string, readonly number[], readonly number[]])[];
}

/** Buffers of the reference's embeddings, which older versions of it saved. */
const DEFAULT_BUFFERS = ["embeddings.position_ids", "embeddings.token_type_ids"];

/**
 * Matches the names of a checkpoint with those of a model by the rules of the reference's `from_pretrained`
 * (transformers 4.34, `_load_pretrained_model`): old names of layer-norm parameters (`gamma`, `beta`), a base model's
 * checkpoint in a model with a head and the other way round, tied weights, and buffers.
 * Beyond the reference, what training scripts wrap around a model is taken off the names ({@link unwrapped}).
 * @throws WeightsError "mismatch" for names of which some can only be a base model's and some only those of a model
 * with a head, where the reference calls the checkpoint corrupted.
 */
export function matchNames(
  found: Iterable<NamedShape>,
  expected: Iterable<NamedShape>,
  options: MatchOptions = {},
): NameMatch {
  const { prefix = "", tied = [], buffers = DEFAULT_BUFFERS } = options;
  const wanted = new Map([...expected].map((tensor) => [tensor.name, tensor]));
  const dotted = `${prefix}.`;
  const there = [...found];
  const isWanted = (raw: string): boolean => {
    const name = currentName(raw);
    return (
      wanted.has(name) ||
      (prefix !== "" &&
        (wanted.has(dotted + name) || (name.startsWith(dotted) && wanted.has(name.slice(dotted.length)))))
    );
  };
  const plainNames = unwrapped(
    there.map(({ name }) => name),
    isWanted,
  );

  // The checkpoint's current name -> the tensor; an exact name wins over one that had to be rewritten.
  const loaded = new Map<string, NamedShape>();
  const shadowed: string[] = [];
  const renamed: [string, NamedShape][] = [];
  for (const [i, tensor] of there.entries()) {
    const plain = plainNames[i]!;
    const current = currentName(plain);
    if (current === plain) loaded.set(current, tensor);
    else renamed.push([current, tensor]);
  }
  for (const [current, tensor] of renamed) {
    if (loaded.has(current)) shadowed.push(tensor.name);
    else loaded.set(current, tensor);
  }

  const loadedHasPrefix = prefix !== "" && [...loaded.keys()].some((name) => name.startsWith(prefix));
  const expectsPrefix = prefix !== "" && [...wanted.keys()].some((name) => name.startsWith(prefix));
  if (expectsPrefix && !loadedHasPrefix) refuseMixed(loaded, wanted, dotted);
  const toCheckpoint = (name: string): string => {
    if (expectsPrefix && !loadedHasPrefix) return name.startsWith(dotted) ? name.slice(dotted.length) : name;
    return loadedHasPrefix && !expectsPrefix ? dotted + name : name;
  };

  const mapping = new Map<string, string>();
  const mismatched: ShapeMismatch[] = [];
  const absent: string[] = [];
  const used = new Set<string>();
  for (const [name, { shape }] of wanted) {
    const key = toCheckpoint(name);
    const match = loaded.get(key);
    if (!match) {
      absent.push(name);
      continue;
    }
    used.add(key);
    if (sameShape(match.shape, shape)) mapping.set(name, match.name);
    else mismatched.push({ name, found: match.name, foundShape: match.shape, expectedShape: shape });
  }

  const missing: string[] = [];
  for (const name of absent) {
    const group = tied.find((names) => names.includes(name)) ?? [];
    const sibling = group.find((other) => mapping.has(other));
    if (sibling !== undefined) mapping.set(name, mapping.get(sibling)!);
    // A tied sibling in the wrong shape is reported once, as mismatched.
    else if (!group.some((other) => mismatched.some((entry) => entry.name === other))) missing.push(name);
  }

  const known = new Set(buffers.flatMap((name) => [name, dotted + name]));
  const unexpectedKeys = [...loaded.keys()].filter((key) => !used.has(key) && !known.has(key));
  return {
    mapping,
    missing,
    unexpected: [...unexpectedKeys.map((key) => loaded.get(key)!.name), ...shadowed],
    mismatched,
    loadingInfo: {
      missing_keys: missing.map(toCheckpoint),
      unexpected_keys: unexpectedKeys,
      mismatched_keys: mismatched.map((entry) => [entry.found, entry.foundShape, entry.expectedShape] as const),
    },
  };
}

/** A checkpoint of a base model has no weights of a head. */
function refuseMixed(loaded: ReadonlyMap<string, NamedShape>, wanted: ReadonlyMap<string, unknown>, dotted: string) {
  const ofHead = [...loaded.keys()].find((name) => wanted.has(name) && !wanted.has(dotted + name));
  const ofBase = [...loaded.keys()].find((name) => wanted.has(dotted + name));
  // Without either there is nothing to mix: what is missing is told by name.
  if (ofHead === undefined || ofBase === undefined) return;
  throw new WeightsError(
    "mismatch",
    `the names are mixed: ${printable(ofHead)} belongs to a model with a head, whose encoder's weights begin with ` +
      `"${dotted}", but none does (it has ${printable(ofBase)}). Was the checkpoint put together from two? Rename the weights`,
    { tensor: ofHead },
  );
}

/** The reference's renaming of TensorFlow's layer-norm parameters. */
function currentName(name: string): string {
  if (name.includes("beta")) return name.replaceAll("beta", "bias");
  return name.replaceAll("gamma", "weight");
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}
