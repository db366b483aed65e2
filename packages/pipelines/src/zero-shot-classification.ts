import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineParts,
  type Results,
  RUN_RULES,
  sequencesOf,
} from "./engine.js";
import { PipelineError, textOf } from "./errors.js";
import { shortened } from "./names.js";
import { largest, softmax, valuesOf } from "./numbers.js";
import { choice, flag, type OptionRules, orDefault, text, textOrTexts } from "./options.js";
import type { PipelineRunOptions } from "./schedule.js";
import type { SequenceClassifier } from "./text-classification.js";

/** A text with the labels that were proposed, best first. */
export interface ZeroShotResult {
  sequence: string;
  labels: string[];
  /** Probabilities in the order of `labels`. */
  scores: number[];
}

/** Options under the reference's names. */
export interface ZeroShotClassificationOptions extends PipelineRunOptions {
  /** The labels to choose from, where they are not an argument of the call: a list, or names parted by commas. */
  readonly candidate_labels?: string | readonly string[];
  /** The sentence that a label makes in the place of its one `{}`; "This example is {}." by default. */
  readonly hypothesis_template?: string;
  /** Several labels may hold: each is judged alone. By default they compete, and the scores sum to 1. */
  readonly multi_label?: boolean;
  /** Cut a text that is too long, never its hypothesis; true by default, and otherwise such a text is an error. */
  readonly truncation?: boolean;
}

export const ZERO_SHOT_RULES: OptionRules<ZeroShotClassificationOptions> = {
  ...RUN_RULES,
  candidate_labels: orDefault(textOrTexts),
  hypothesis_template: text,
  multi_label: flag,
  truncation: orDefault(choice(true, false)),
};

/** Labels texts with labels that the model was never trained on, by asking whether the text entails them. */
export interface ZeroShotClassificationPipeline extends PipelineBase<"zero-shot-classification", SequenceClassifier> {
  /** With the labels among the options, of the call or of the pipeline. */
  (sequence: string, options?: ZeroShotClassificationOptions): Promise<ZeroShotResult>;
  (sequences: readonly string[], options?: ZeroShotClassificationOptions): Promise<ZeroShotResult[]>;
  /** @param candidateLabels a list, or names parted by commas. */
  (
    sequence: string,
    candidateLabels: string | readonly string[],
    options?: ZeroShotClassificationOptions,
  ): Promise<ZeroShotResult>;
  (
    sequences: readonly string[],
    candidateLabels: string | readonly string[],
    options?: ZeroShotClassificationOptions,
  ): Promise<ZeroShotResult[]>;
  /** Answers one by one, in bounded memory. */
  stream(
    sequences: Inputs<string>,
    candidateLabels: string | readonly string[],
    options?: ZeroShotClassificationOptions,
  ): Results<ZeroShotResult>;
}

/**
 * The pipeline over an entailment model that is loaded already (the reference's `ZeroShotClassificationPipeline`): the
 * text is the premise, each label makes a hypothesis. Which class means entailment is read off `label2id`: the first
 * name that starts with "entail", in any case; contradiction is class 0, or the last where entailment is 0.
 * @param defaults options of calls that do not give their own.
 */
export function createZeroShotClassification(
  parts: PipelineParts<SequenceClassifier>,
  defaults: ZeroShotClassificationOptions = {},
): ZeroShotClassificationPipeline {
  const { config } = parts.model;
  const entry = Object.entries(config.label2id).find(([label]) => label.toLowerCase().startsWith("entail"));
  const entailment: number = entry?.[1] ?? config.num_labels - 1;
  const contradiction = entailment === 0 ? config.num_labels - 1 : 0;

  const job = (options: ZeroShotClassificationOptions, candidateLabels: unknown = options.candidate_labels) => {
    const labels = labelsOf(candidateLabels);
    const { onWarning = console.warn, truncation = true } = options;
    const template = templateOf(options.hypothesis_template ?? "This example is {}.");
    if (entry === undefined) {
      onWarning(
        'none of the labels in the model\'s label2id starts with "entail"; the last class is taken for entailment',
      );
    }
    return makeJob(options, {
      prepare: (sequence: unknown) => ({
        // The text is cut where it is too long, never the hypothesis.
        rows: labels.map((label) =>
          encodeText(
            parts,
            textOf("sequence", sequence),
            template.replace("{}", () => label),
            { truncation: truncation && "only_first" },
          ),
        ),
      }),
      compute: (rows) => parts.model.forwardRagged(sequencesOf(rows), options),
      answer(given, _prepared, outputs): ZeroShotResult {
        const sequence = given as string;
        const logits = outputs.map((output) => valuesOf(output.logits));
        const scores =
          options.multi_label || labels.length === 1
            ? logits.map((row) => softmax([row[contradiction]!, row[entailment]!])[1]!)
            : softmax(logits.map((row) => row[entailment]!));
        const order = largest(scores, scores.length);
        return { sequence, labels: order.map((i) => labels[i]!), scores: order.map((i) => scores[i]!) };
      },
    });
  };
  return makePipeline(parts, {
    task: "zero-shot-classification",
    rules: ZERO_SHOT_RULES,
    defaults,
    job,
    argumentsBetween: 1,
  });
}

/** @throws PipelineError where there is not exactly one place for the label. */
function templateOf(template: string): string {
  const slots = template.split("{}").length - 1;
  if (slots === 1) return template;
  const got = slots === 0 ? "no {} where the label should go" : `${slots} times {}; the label goes into one place`;
  throw new PipelineError("invalid-option", `hypothesis_template ${shortened(template)} has ${got}`, {
    option: "hypothesis_template",
    value: template,
  });
}

function labelsOf(given: unknown): string[] {
  const labels =
    typeof given === "string"
      ? given.split(",").map((label) => label.trim())
      : Array.isArray(given)
        ? given.map((label) => textOf("each of the candidate labels", label))
        : [];
  const used = labels.filter((label) => label !== "");
  if (used.length > 0) return used;
  throw new PipelineError("invalid-option", "candidate labels are missing: give a list, or names parted by commas", {
    option: "candidate_labels",
  });
}
