import type { NameMatch, TensorInfo, WeightsReader } from "@convbert/converter";
import { printable } from "@convbert/files/internal";
import { sizeOf } from "@convbert/tensor/internal";
import { CheckpointError, MissingWeightsError } from "./errors.js";
import type { BaseModel } from "./model-config.js";
import type { Room } from "./parameters.js";

// A model must not answer from weights that nobody has trained, unless somebody wants to train them: that is said here,
// in one place, for every way to load a model.

/** Which weights may be drawn where the checkpoint lacks them. */
export interface NewWeightsOptions {
  /**
   * Draws the weights of a head that the checkpoint lacks, and warns: what fine-tuning starts from. Without it such a
   * checkpoint is refused, because the model would answer at random.
   */
  readonly allowNewHead?: boolean;
  /**
   * Draws any weight that the checkpoint lacks, the encoder's too, as more layers than it has, and warns. A checkpoint
   * that has nothing for the encoder is refused all the same: `fromConfig` makes a model of new weights.
   */
  readonly allowNewWeights?: boolean;
}

/** A model and the checkpoint that it was matched with. */
export interface LoadContext {
  /** Name of the model's class. */
  readonly model: string;
  readonly base: BaseModel;
  readonly location: string;
  /** Classes that the checkpoint was saved from, as its config says. */
  readonly architectures: readonly string[] | null;
  /** The model's names. */
  readonly wanted: readonly string[];
  /** What the checkpoint has. */
  readonly found: readonly TensorInfo[];
}

/** Names that a message shows of each list. */
const SHOWN = 3;

/**
 * Whether a checkpoint has what a model needs.
 * @throws MissingWeightsError when it lacks weights that must not be drawn; its message has names from both sides.
 */
export function checkMissing(match: NameMatch, context: LoadContext, options: NewWeightsOptions): void {
  const { wanted, model, base, location } = context;
  const isWhole = !wanted.some((name) => isUnder(base, name));
  const ofEncoder = (name: string) => isWhole || isUnder(base, name);
  const encoder = wanted.filter(ofEncoder);
  const lacking = match.missing.filter(ofEncoder);
  const foundNothing = encoder.length > 0 && lacking.length === encoder.length;
  const { allowNewWeights = false, allowNewHead = allowNewWeights } = options;
  const refused = foundNothing || !allowNewWeights ? lacking : [];
  const fields = { model, missing: match.missing, unexpected: match.unexpected };
  if (refused.length > 0) {
    const much = foundNothing ? "none" : "only some";
    const hint = foreignTool(context) ?? (foundNothing ? "" : ". `allowNewWeights: true` draws what is missing");
    const text = `it has ${much} of the encoder's weights of ${model}: wanted are ${some(refused)}; ${unused(match, context)}`;
    throw new MissingWeightsError(location, text + hint, { ...fields, newHead: false });
  }
  if (match.missing.length > 0 && !allowNewHead) {
    throw new MissingWeightsError(location, headText(match.missing, context), { ...fields, newHead: true });
  }
}

/** Whether a weight's name is one of the encoder's in a model with a head. */
function isUnder({ prefix }: BaseModel, name: string): boolean {
  return name.startsWith(`${prefix}.`);
}

function headText(missing: readonly string[], { model, architectures }: LoadContext): string {
  const savedFrom = architectures === null ? "" : `; it was saved from ${printable(architectures.join(", "))}`;
  return (
    `it has no head for ${model}: ${some(missing)} ${missing.length === 1 ? "is" : "are"} missing${savedFrom}. ` +
    "The head would answer at random: to train a new one, load with `allowNewHead: true`"
  );
}

function unused({ unexpected }: NameMatch, { found }: LoadContext): string {
  if (found.length === 0) {
    return "it has no weights at all";
  }
  return unexpected.length > 0 ? `it has ${some(unexpected)}` : "it has nothing else";
}

function some(names: readonly string[]): string {
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).map(printable).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Names by which other tools call weights that this library does not take, and what to do about them. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/\.(qweight|qzeros|g_idx)$/, "quantised by GPTQ or AWQ: load the float32 or float16 weights instead"],
  [/\.weight\._(data|scale|packed|shift)$/, "quantised by quanto: load the float32 or float16 weights instead"],
  [
    /\.(SCB|absmax|quant_map|quant_state\.\w+)$/,
    "quantised by bitsandbytes: load the float32 or float16 weights instead",
  ],
  [/\.lora_[AB]\b/, "adapters of a LoRA, not a model: the folder needs their adapter_config.json"],
  [/:0$|\._\._|\/kernel$/, "TensorFlow's names: convert the checkpoint with the tool that wrote it"],
];

function foreignTool({ found }: LoadContext): string | null {
  for (const [pattern, what] of FOREIGN) {
    if (found.some(({ name }) => pattern.test(name))) {
      return `. These are ${what}`;
    }
  }
  const prefixes = new Set(found.map(({ name }) => name.split(".", 1)[0]!));
  const architecture = ["bert", "roberta", "electra", "distilbert", "albert", "deberta", "camembert"].find((name) =>
    prefixes.has(name),
  );
  return architecture === undefined ? null : `. Names in ${architecture}. belong to another architecture`;
}

/** Weights that a model may have beyond its checkpoint's, nothing being asked, and where new ones are. */
const FREE = 2 ** 20;
const NEW = 2 ** 27;

/**
 * Bounds a model that is made from a checkpoint's configuration by the weights that the checkpoint has, so that a few
 * bytes of JSON cannot ask for gigabytes. Where new weights are asked for there is room for them.
 */
export function roomFor(
  { modelName, baseModel }: { readonly modelName: string; readonly baseModel: BaseModel },
  reader: WeightsReader,
  location: string,
  options: NewWeightsOptions & { readonly ignoreMismatchedSizes?: boolean },
): Room {
  let found = 0;
  for (const { shape } of reader.tensors.values()) {
    found += sizeOf(shape);
  }
  const { allowNewWeights = false, allowNewHead = false, ignoreMismatchedSizes = false } = options;
  return (taken, path) => {
    const isHead = modelName !== baseModel.name && !isUnder(baseModel, path);
    const isNew = allowNewWeights || ignoreMismatchedSizes || (allowNewHead && isHead);
    if (!(taken <= found + (isNew ? NEW : FREE))) {
      throw new CheckpointError(
        location,
        `config.json describes a model of far more weights than the checkpoint's ${found}: they are passed at ${path}. ` +
          "Do the two files belong together? `fromConfig` makes a model of new weights, of any size",
      );
    }
  };
}

/**
 * Adapters change weights under their own names: where two are one, training has computed with the changed one in one
 * place and the old one in the other.
 * @throws CheckpointError for an adapter that changes one of two tied weights.
 */
export function checkTies(
  { mapping }: NameMatch,
  tied: readonly (readonly string[])[],
  { adapted }: WeightsReader,
  location: string,
): void {
  for (const names of tied) {
    const changed = names.find((name) => adapted?.has(mapping.get(name) ?? ""));
    if (changed !== undefined) {
      throw new CheckpointError(
        location,
        `the adapter changes ${changed}, which is one with ${names.filter((name) => name !== changed).join(", ")} in this ` +
          "model, while it was trained beside the other as it was. Merge the adapter where it was made; or, if the base " +
          "model's file has both, load with a class that can keep them apart (`tie_word_embeddings: false`)",
      );
    }
  }
}

/** Names of scales that stand beside 8-bit values of other tools; ours are `_scale` of I8 tensors. */
const SCALES = ["_scale", "_scale_inv", "_absmax"].map((ending) => `weight${ending}`);
const EIGHT_BITS = /^(F8_|F4|F6_|U8|I8|I16|U16|BOOL)/;

/**
 * Values of few bits mean nothing without the scales that another tool keeps for them.
 * @throws CheckpointError for weights that were quantised by another tool.
 */
export function checkQuantised(found: readonly TensorInfo[], quantisation: unknown, location: string): void {
  const names = new Set(found.map(({ name }) => name));
  for (const { name, dtype } of found) {
    const scale = SCALES.map((ending) => name.replace(/weight$/, ending)).find((other) => names.has(other));
    if (EIGHT_BITS.test(dtype) && dtype !== "I8" && name.endsWith("weight") && scale !== undefined) {
      const message = `${printable(name)} holds ${dtype} values that count in units of ${printable(scale)}`;
      throw new CheckpointError(
        location,
        `${message}: it was quantised by a tool that this library does not know. Load the float32 or float16 weights instead`,
      );
    }
  }
  const method = (quantisation as { quant_method?: unknown } | null | undefined)?.quant_method;
  if (typeof method === "string" && method !== "convbert-int8") {
    throw new CheckpointError(
      location,
      `config.json says that the weights were quantised by "${printable(method)}", which this library does not read. ` +
        "Load the float32 or float16 weights instead",
    );
  }
}
