import {
  eachOrOne,
  encodeText,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Row,
  runSteps,
  type TextOptions,
} from "./engine.js";
import { PipelineError } from "./errors.js";
import { argmax, type FloatArray, rowAt, softmax } from "./numbers.js";

/** A beginning, and what may follow it. */
export interface ChoiceInput {
  readonly prompt: string;
  readonly choices: readonly string[];
}

/** The most plausible choice. */
export interface ChosenAnswer {
  /** Its place among the choices. */
  index: number;
  choice: string;
  /** Its probability. */
  score: number;
  /** Probabilities of all choices, in their order. */
  scores: number[];
}

export interface MultipleChoiceOptions extends TextOptions {
  /**
   * Pad the choices of a prompt to one length, as is usual with the reference; false by default. It changes the scores:
   * this head reads the last position of each choice, which is [SEP] without padding and [PAD] with it.
   */
  readonly padding?: boolean;
}

/** `[batch, choices, tokens]` each. */
export interface ChoiceInputs {
  readonly input_ids: number[][][];
  readonly attention_mask: number[][][];
  readonly token_type_ids: number[][][];
}

export type ChoiceModel = PipelineModel<ChoiceInputs, { readonly logits: FloatArray }>;

/** Picks the most plausible of several continuations. */
export interface MultipleChoicePipeline extends PipelineBase<"multiple-choice", ChoiceModel> {
  (input: ChoiceInput, options?: MultipleChoiceOptions): Promise<ChosenAnswer>;
  (inputs: readonly ChoiceInput[], options?: MultipleChoiceOptions): Promise<ChosenAnswer[]>;
}

/** The pipeline over a model that is loaded already; each choice runs as the pair (prompt, choice). */
export function createMultipleChoice(parts: PipelineParts<ChoiceModel>): MultipleChoicePipeline {
  const call = async (
    input: ChoiceInput | readonly ChoiceInput[],
    options: MultipleChoiceOptions = {},
  ): Promise<unknown> =>
    eachOrOne(input, (inputs) =>
      runSteps(inputs, options, {
        prepare: (item) => ({ rows: choiceRows(parts, item, options) }),
        async compute({ ids, attentionMask, typeIds }) {
          const inputs = {
            input_ids: [[[...ids]]],
            attention_mask: [[[...attentionMask]]],
            token_type_ids: [[[...typeIds]]],
          };
          const { logits } = await parts.model.forward(inputs, options);
          return rowAt(logits, 0)[0]!;
        },
        answer({ choices }, _prepared, logits): ChosenAnswer {
          const scores = [...softmax(logits)];
          const index = argmax(scores);
          return { index, choice: choices[index]!, score: scores[index]!, scores };
        },
      }),
    );
  return makePipeline("multiple-choice", parts, call as MultipleChoicePipeline);
}

function choiceRows(
  parts: PipelineParts<ChoiceModel>,
  input: ChoiceInput,
  options: MultipleChoiceOptions,
): readonly Row[] {
  if (typeof input !== "object" || input === null || !Array.isArray(input.choices)) {
    throw new PipelineError("invalid-input", 'a choice is written { prompt: "...", choices: ["...", "..."] }');
  }
  if (input.choices.length === 0) throw new PipelineError("invalid-input", "there are no choices to choose from");
  const rows = input.choices.map((choice: unknown) => encodeText(parts, input.prompt, choice, options));
  if (!options.padding) return rows;
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  return input.choices.map((choice) => encodeText(parts, input.prompt, choice, options, length));
}
