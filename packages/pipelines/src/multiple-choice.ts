import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  raggedInputs,
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { PipelineError, recordOf } from "./errors.js";
import { checkName } from "./names.js";
import { argmax, type FloatArray, softmax, valuesOf } from "./numbers.js";
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
  readonly input_ids: number[][][];
  readonly attention_mask: number[][][];
  readonly token_type_ids: number[][][];
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
        if (!options.padding) {
          return (await model.forwardRagged(raggedInputs(rows), options)).map(({ logits }) => valuesOf(logits)[0]!);
        }
        const scores: number[] = [];
        for (const { ids, attentionMask, typeIds } of rows) {
          const inputs = {
            input_ids: [[[...ids]]],
            attention_mask: [[[...attentionMask]]],
            token_type_ids: [[[...typeIds]]],
          };
          scores.push(valuesOf((await model.forward(inputs, options)).logits)[0]!);
        }
        return scores;
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

function choiceRows(
  parts: PipelineParts<ChoiceModel>,
  input: unknown,
  options: MultipleChoiceOptions,
): readonly TokenRow[] {
  const given = recordOf(input, FORM);
  for (const name of Object.keys(given)) checkName("a choice", "field", name, ["prompt", "choices"]);
  const { prompt, choices } = given;
  if (!Array.isArray(choices)) throw new PipelineError("invalid-input", FORM);
  if (choices.length === 0) throw new PipelineError("invalid-input", "there are no choices to choose from");
  const rows = choices.map((choice: unknown) => encodeText(parts, prompt, choice ?? null, options));
  if (!options.padding) return rows;
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  return choices.map((choice) => encodeText(parts, prompt, choice, options, length));
}
