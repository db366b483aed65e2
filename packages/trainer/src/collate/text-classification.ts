import type { SequenceClassificationBatch } from "@convbert/heads";
import type { ProblemType } from "@convbert/model";
import { type ConvBertTokenizerFast, encodeSequences, type TokenSequences } from "@convbert/tokenizer";
import { show } from "../data/error.js";
import type { TextExample } from "../data/examples.js";
import { TrainerOptionError } from "../option-error.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  type FloatLabels,
  type IntegerArray,
  packingOf,
} from "./batch.js";
import { exampleError, isBit, isLikelihoods, LabelSet } from "./labels.js";

export interface TextClassificationBatchInputs extends BatchInputs {
  /**
   * Classes `[batch]`, or how likely each is `[batch, labels]`; 0 or 1 `[batch, labels]` as floats for several labels; numbers `[batch]`, or `[batch, labels]`, for
   * regression.
   */
  readonly labels?: IntegerArray | FloatLabels;
}

export interface TextClassificationCollatorOptions extends CollatorOptions {
  /** Default "single_label_classification". */
  readonly problemType?: ProblemType;
  /**
   * The classes. Needed for all but regression, where it may name several numbers. Several labels may be 0 or 1 for each
   * class, where `labels.multiHot` says so, or where no class is called 0 or 1.
   */
  readonly labels?: LabelSet | readonly string[];
}

/** Batches of texts or pairs, cut at `maxLength` from the longer text of a pair, with one kind of labels. */
export function textClassificationCollator(
  tokenizer: ConvBertTokenizerFast,
  options: TextClassificationCollatorOptions = {},
): Collator<TextExample, Batch<TextClassificationBatchInputs, SequenceClassificationBatch>> {
  const packing = packingOf(tokenizer, options);
  const { problemType = "single_label_classification" } = options;
  const labels = options.labels instanceof LabelSet ? options.labels : new LabelSet(options.labels ?? []);
  if (!["single_label_classification", "multi_label_classification", "regression"].includes(problemType)) {
    throw new TrainerOptionError("problemType", problemType, "choose a problem_type of the reference");
  }
  if (labels.size === 0 && problemType !== "regression") {
    throw new TrainerOptionError("labels", labels.names, `${problemType} needs the names of the classes`);
  }
  return {
    collate(examples) {
      const sequences = encodeTexts(tokenizer, examples, packing.maxLength);
      const targets = labelsOf(examples, problemType, labels);
      return batchOf({
        sequences,
        packing,
        targets:
          targets && problemType === "single_label_classification" ? examples.length : (targets?.data.length ?? 0),
        own: targets ? { labels: targets } : {},
        pad: ({ inputs }) => ({ ...inputs, ...(targets && { labels: targets }) }),
      });
    },
  };
}

/** Texts or pairs. Throws DataError where only some are pairs. */
function encodeTexts(
  tokenizer: ConvBertTokenizerFast,
  examples: readonly TextExample[],
  length: number,
): TokenSequences {
  const pairs = examples[0]?.text_pair !== undefined;
  const odd = examples.find(({ text_pair }) => (text_pair !== undefined) !== pairs);
  if (odd) throw exampleError(odd, `it is ${pairs ? "one text" : "a pair"}; others of its batch are not`, "text");
  return encodeSequences(
    tokenizer,
    examples.map(({ text }) => text),
    {
      ...(pairs && { text_pair: examples.map(({ text_pair }) => text_pair!) }),
      truncation: true,
      max_length: length,
      verbose: false,
    },
  );
}

function labelsOf(
  examples: readonly TextExample[],
  problemType: ProblemType,
  labels: LabelSet,
): IntegerArray | FloatLabels | undefined {
  const without = examples.filter(({ label }) => label === undefined);
  if (without.length === examples.length) return undefined;
  if (without[0]) throw exampleError(without[0], "it has no label; others of its batch do", "label");
  const batch = examples.length;
  if (problemType === "single_label_classification") {
    if (examples.some(({ label }) => isLikelihoods(label))) return likelihoodsOf(examples, labels);
    const data = Int32Array.from(examples, (example) => {
      const { label } = example;
      if (typeof label === "object") throw exampleError(example, "it has several labels; a class is one", "label");
      return labels.indexOf(label!, example);
    });
    return { data, shape: [batch] };
  }
  const soft = examples.find(({ label }) => isLikelihoods(label));
  if (soft)
    throw exampleError(soft, `its label says how likely each class is, which is not for ${problemType}`, "label");
  if (problemType === "multi_label_classification") {
    const data = new Float32Array(batch * labels.size);
    for (const [i, example] of examples.entries()) {
      for (const label of namesOf(example, labels)) {
        data[i * labels.size + labels.indexOf(label, example)] = 1;
      }
    }
    return { data, shape: [batch, labels.size] };
  }
  const width = Math.max(1, labels.size);
  const data = Float32Array.from(
    examples.flatMap((example) => {
      const values = [example.label!].flat() as (string | number)[];
      if (values.length === width && values.every((value) => typeof value === "number")) return values as number[];
      throw exampleError(
        example,
        `regression needs ${width === 1 ? "a number" : `${width} numbers`} as label`,
        "label",
      );
    }),
  );
  return { data, shape: width === 1 ? [batch] : [batch, width] };
}

/** How likely each class is, also of texts that have one for certain. */
function likelihoodsOf(examples: readonly TextExample[], labels: LabelSet): FloatLabels {
  const data = new Float32Array(examples.length * labels.size);
  for (const [i, example] of examples.entries()) {
    const { label } = example;
    if (Array.isArray(label)) throw exampleError(example, "it has several labels; a class is one", "label");
    const likely = isLikelihoods(label) ? Object.entries(label) : [[label as string | number, 1] as const];
    for (const [name, value] of likely) data[i * labels.size + labels.indexOf(name, example)] = value;
  }
  return { data, shape: [examples.length, labels.size] };
}

/** What a text has of several labels: those that it names, or those whose index in its list has a 1. */
function namesOf(example: TextExample, labels: LabelSet): readonly (string | number)[] {
  const given = [example.label!].flat() as (string | number)[];
  const isMultiHot =
    labels.multiHot ||
    (given.length === labels.size &&
      given.length > 1 &&
      given.every(isBit) &&
      given.every((label) => labels.get(label) === undefined));
  if (!isMultiHot) return given;
  if (Array.isArray(example.label) && given.length === labels.size && given.every(isBit)) {
    return labels.names.filter((_, index) => Number(given[index]) === 1);
  }
  throw exampleError(
    example,
    `the label ${show(example.label)} is no list of ${labels.size} numbers 0 or 1, as those that were trained on`,
    "label",
  );
}
