import type { ShapedData } from "@convbert/model";
import type { BatchEncoding, IntTensor } from "@convbert/tokenizer";
import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  sequencesOf,
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { PipelineError, recordOf } from "./errors.js";
import { checkName } from "./names.js";
import { argmax, type FloatArray, rowAt, softmax, valuesOf } from "./numbers.js";
import { flag, type OptionRules } from "./options.js";
import type { TokenRow } from "./schedule.js";

/** A beginning, and what may follow it. */
export interface ChoiceInput {
  readonly prompt: string;
  readonly choices: readonly string[];
}

/** The most plausible choice. */
export interface ChosenAnswer {
  /** Its index among the choices. */
  index: number;
  choice: string;
  /** Its probability. */
  score: number;
  /** Probabilities of all choices, in their order. */
  scores: number[];
}

export interface MultipleChoiceOptions extends Omit<TextOptions, "is_split_into_words"> {
  /**
   * Pad the choices of a prompt to one length, as is usual with the reference; false by default. It changes the scores:
   * this head reads the last position of each choice, which is [SEP] without padding and [PAD] with it.
   */
  readonly padding?: boolean;
}

const { is_split_into_words: _, ...RULES_OF_TEXTS } = TEXT_RULES;
export const MULTIPLE_CHOICE_RULES: OptionRules<MultipleChoiceOptions> = { ...RULES_OF_TEXTS, padding: flag };

/** `[batch, choices, tokens]` each. */
export interface ChoiceInputs {
  readonly input_ids: ShapedData;
  readonly attention_mask: ShapedData;
  readonly token_type_ids: ShapedData;
}

/** Each choice is a sequence with one number for its logits; the padded form only serves the option `padding`. */
export interface ChoiceModel extends PipelineModel<{ readonly logits: FloatArray }> {
  forward(
    inputs: ChoiceInputs,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<{ readonly logits: FloatArray }>;
}

/** Picks the most plausible of several continuations. */
export interface MultipleChoicePipeline extends PipelineBase<"multiple-choice", ChoiceModel> {
  (input: ChoiceInput, options?: MultipleChoiceOptions): Promise<ChosenAnswer>;
  (inputs: readonly ChoiceInput[], options?: MultipleChoiceOptions): Promise<ChosenAnswer[]>;
  /** Answers one by one, in bounded memory. */
  stream(inputs: Inputs<ChoiceInput>, options?: MultipleChoiceOptions): Results<ChosenAnswer>;
}

/**
 * The pipeline over a model that is loaded already; each choice runs as the pair (prompt, choice).
 * @param defaults options of calls that do not give their own.
 */
export function createMultipleChoice(
  parts: PipelineParts<ChoiceModel>,
  defaults: MultipleChoiceOptions = {},
): MultipleChoicePipeline {
  const { model } = parts;
  const job = (options: MultipleChoiceOptions) =>
    makeJob(options, {
      prepare: (item: ChoiceInput) => ({ rows: choiceRows(parts, item, options) }),
      async compute(rows) {
        if (options.padding) return paddedScores(parts, rows, options);
        return (await model.forwardRagged(sequencesOf(rows), options)).map(({ logits }) => valuesOf(logits)[0]!);
      },
      answer({ choices }, _prepared, logits): ChosenAnswer {
        const scores = [...softmax(logits)];
        const index = argmax(scores);
        return { index, choice: choices[index]!, score: scores[index]!, scores };
      },
    });
  return makePipeline(parts, { task: "multiple-choice", rules: MULTIPLE_CHOICE_RULES, defaults, job });
}

const FORM = 'a choice is written { prompt: "...", choices: ["...", "..."] }';

/** A choice, and how many tokens the longest of its prompt has. */
interface ChoiceRow extends TokenRow {
  readonly longest: number;
}

function choiceRows(
  parts: PipelineParts<ChoiceModel>,
  input: unknown,
  options: MultipleChoiceOptions,
): readonly ChoiceRow[] {
  const given = recordOf(input, FORM);
  for (const name of Object.keys(given)) checkName("a choice", "field", name, ["prompt", "choices"]);
  const { prompt, choices } = given;
  if (!Array.isArray(choices)) throw new PipelineError("invalid-input", FORM);
  if (choices.length === 0) throw new PipelineError("invalid-input", "there are no choices to choose from");
  const rows = choices.map((choice: unknown) => encodeText(parts, prompt, choice ?? null, options));
  const longest = Math.max(...rows.map(({ ids }) => ids.length));
  return rows.map((row) => ({ ...row, longest }));
}

/** The scores of choices that are padded to their prompts' longest; those of one length run together. */
async function paddedScores(
  { model, tokenizer }: PipelineParts<ChoiceModel>,
  rows: readonly ChoiceRow[],
  options: MultipleChoiceOptions,
): Promise<number[]> {
  const scores = new Array<number>(rows.length);
  for (const length of new Set(rows.map(({ longest }) => longest))) {
    const own = [...rows.keys()].filter((row) => rows[row]!.longest === length);
    const padded = tokenizer.pad(
      own.map((row) => ({ input_ids: rows[row]!.ids, token_type_ids: rows[row]!.typeIds })),
      { padding: "max_length", max_length: length, return_tensors: true, return_attention_mask: true },
    ) as BatchEncoding<IntTensor>;
    const choices = ({ data }: IntTensor): ShapedData => ({ data, shape: [own.length, 1, length] });
    const { logits } = await model.forward(
      {
        input_ids: choices(padded.input_ids),
        attention_mask: choices(padded.attention_mask!),
        token_type_ids: choices(padded.token_type_ids!),
      },
      options,
    );
    for (const [i, row] of own.entries()) scores[row] = rowAt(logits, i)[0]!;
  }
  return scores;
}
