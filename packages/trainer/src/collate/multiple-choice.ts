import type { MultipleChoiceBatch } from "@convbert/heads";
import { type ConvBertTokenizerFast, encodeSequences } from "@convbert/tokenizer";
import type { ChoiceExample } from "../data/examples.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  type IntegerArray,
  packingOf,
} from "./batch.js";
import { exampleError } from "./labels.js";

/** All of `[batch, choices, length]`. */
export interface MultipleChoiceBatchInputs extends BatchInputs {
  /** `[batch]`: the right choice. */
  readonly labels?: IntegerArray;
}

/**
 * Batches of prompts with their choices, a pair of prompt and choice each (the reference's
 * `DataCollatorForMultipleChoice`). Padded, all prompts of a batch have as many choices; without padding each may have its
 * own number.
 */
export function multipleChoiceCollator(
  tokenizer: ConvBertTokenizerFast,
  options: CollatorOptions = {},
): Collator<ChoiceExample, Batch<MultipleChoiceBatchInputs, MultipleChoiceBatch>> {
  const packing = packingOf(tokenizer, options);
  return {
    collate(examples) {
      const pairs = examples.flatMap(({ prompt, choices }) => choices.map((choice) => ({ prompt, choice })));
      const sequences = encodeSequences(
        tokenizer,
        pairs.map(({ prompt }) => prompt),
        {
          text_pair: pairs.map(({ choice }) => choice),
          truncation: true,
          max_length: packing.maxLength,
          verbose: false,
        },
      );
      const choices = examples.map((example) => example.choices.length);
      const labels = labelsOf(examples);
      return batchOf({
        sequences,
        packing,
        rows: examples.length,
        targets: labels?.data.length ?? 0,
        own: { choices: Int32Array.from(choices), ...(labels && { labels }) },
        pad({ inputs }) {
          const shape = [examples.length, equalChoices(examples), inputs.input_ids.shape[1]!];
          return {
            input_ids: { ...inputs.input_ids, shape },
            attention_mask: { ...inputs.attention_mask, shape },
            token_type_ids: { ...inputs.token_type_ids, shape },
            ...(labels && { labels }),
          };
        },
      });
    },
  };
}

/** How many choices each example has. Throws DataError where they do not have as many. */
function equalChoices(examples: readonly ChoiceExample[]): number {
  const choices = examples[0]?.choices.length ?? 0;
  const odd = examples.find((example) => example.choices.length !== choices);
  if (odd === undefined) return choices;
  throw exampleError(odd, `it has ${odd.choices.length} choices; others of its batch have ${choices}`, "choices");
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
