import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { ChoiceExample } from "../data/examples.js";
import {
  type Batch,
  type BatchInputs,
  type Collator,
  type CollatorOptions,
  type EncodedRow,
  type IntegerArray,
  packingOf,
  packRows,
} from "./batch.js";
import { exampleError } from "./labels.js";

/** All of `[batch, choices, length]`. */
export interface MultipleChoiceBatchInputs extends BatchInputs {
  /** `[batch]`: the right choice. */
  readonly labels?: IntegerArray;
}

/**
 * Batches of prompts with their choices, a pair of prompt and choice each (the reference's
 * `DataCollatorForMultipleChoice`). All prompts of a batch have as many choices; with `collateRows` each may have its own
 * number, and its choices are padded to their longest, for the model takes a prompt's choices together.
 */
export function multipleChoiceCollator(
  tokenizer: ConvBertTokenizerFast,
  options: CollatorOptions = {},
): Collator<ChoiceExample, Batch<MultipleChoiceBatchInputs>> {
  const packing = packingOf(tokenizer, options);
  const collate = (examples: readonly ChoiceExample[], packingOfRows = packing): Batch<MultipleChoiceBatchInputs> => {
    const choices = examples[0]?.choices.length ?? 0;
    const odd = examples.find((example) => example.choices.length !== choices);
    if (odd) {
      throw exampleError(odd, `it has ${odd.choices.length} choices; others of its batch have ${choices}`, "choices");
    }
    const packed = packRows(encode(tokenizer, examples, packing.maxLength), packingOfRows, true);
    const shaped = ({ data, shape }: IntegerArray): IntegerArray => ({
      data,
      shape: [examples.length, choices, shape[1]!],
    });
    const labels = labelsOf(examples);
    return {
      inputs: {
        input_ids: shaped(packed.inputs.input_ids),
        attention_mask: shaped(packed.inputs.attention_mask),
        token_type_ids: shaped(packed.inputs.token_type_ids),
        ...(labels && { labels }),
      },
      rows: examples.length,
      tokens: packed.tokens,
      targets: labels?.data.length ?? 0,
    };
  };
  const tight = { ...packing, padding: "longest" as const, multiple: 1 };
  return {
    collate: (examples) => collate(examples),
    collateRows: (examples) => examples.map((example) => collate([example], tight)),
  };
}

function encode(tokenizer: ConvBertTokenizerFast, examples: readonly ChoiceExample[], length: number): EncodedRow[] {
  if (examples.length === 0) return [];
  const encoded = tokenizer(
    examples.flatMap(({ prompt, choices }) => choices.map(() => prompt)),
    {
      text_pair: examples.flatMap(({ choices }) => choices),
      truncation: true,
      max_length: length,
      return_token_type_ids: true,
      verbose: false,
    },
  );
  return encoded.input_ids.map((ids, i) => ({ input_ids: ids, token_type_ids: encoded.token_type_ids![i]! }));
}

function labelsOf(examples: readonly ChoiceExample[]): IntegerArray | undefined {
  const without = examples.filter(({ label }) => label === undefined);
  if (without.length === examples.length) return undefined;
  if (without[0]) throw exampleError(without[0], "it has no label; others of its batch do", "label");
  const data = Int32Array.from(examples, (example) => {
    const { label, choices } = example;
    if (Number.isInteger(label) && label! >= 0 && label! < choices.length) return label!;
    throw exampleError(example, `the label ${label} is none of its ${choices.length} choices`, "label");
  });
  return { data, shape: [examples.length] };
}
