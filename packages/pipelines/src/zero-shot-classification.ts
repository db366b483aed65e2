import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineParts,
  type Results,
  raggedInputs,
} from "./engine.js";
import { PipelineError, textOf } from "./errors.js";
import { largest, softmax, valuesOf } from "./numbers.js";
import type { RunOptions } from "./schedule.js";
import type { SequenceClassifier } from "./text-classification.js";

/** A text with the labels that were proposed, best first. */
export interface ZeroShotResult {
  sequence: string;
  labels: string[];
  /** Probabilities in the order of `labels`. */
  scores: number[];
}

/** Options under the reference's names. */
export interface ZeroShotClassificationOptions extends RunOptions {
  /** The sentence that a label makes in the place of `{}`; "This example is {}." by default. */
  readonly hypothesis_template?: string;
  /** Several labels may hold: each is judged alone. By default they compete, and the scores sum to 1. */
  readonly multi_label?: boolean;
  /** Receives warnings; `console.warn` by default. */
  readonly onWarning?: (message: string) => void;
}

/** Labels texts with labels that the model was never trained on, by asking whether the text entails them. */
export interface ZeroShotClassificationPipeline extends PipelineBase<"zero-shot-classification", SequenceClassifier> {
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
 */
export function createZeroShotClassification(parts: PipelineParts<SequenceClassifier>): ZeroShotClassificationPipeline {
  const { config } = parts.model;
  const entry = Object.entries(config.label2id).find(([label]) => label.toLowerCase().startsWith("entail"));
  const entailment: number = entry?.[1] ?? config.num_labels - 1;
  const contradiction = entailment === 0 ? config.num_labels - 1 : 0;

  const job = (candidateLabels: string | readonly string[], options: ZeroShotClassificationOptions = {}) => {
    const labels = labelsOf(candidateLabels);
    const { hypothesis_template: template = "This example is {}.", onWarning = console.warn } = options;
    if (!template.includes("{}")) {
      throw new PipelineError(
        "invalid-option",
        `hypothesis_template ${JSON.stringify(template)} has no {} where the label should go`,
        { option: "hypothesis_template", value: template },
      );
    }
    if (entry === undefined) {
      onWarning(
        'none of the labels in the model\'s label2id starts with "entail"; the last class is taken for entailment',
      );
    }
    return makeJob(options, {
      prepare: (text: string) => ({
        // The text is cut where it is too long, never the hypothesis.
        rows: labels.map((label) =>
          encodeText(
            parts,
            text,
            template.replaceAll("{}", () => label),
            { truncation: "only_first" },
          ),
        ),
      }),
      compute: (rows) => parts.model.forwardRagged(raggedInputs(rows), options),
      answer(sequence, _prepared, outputs): ZeroShotResult {
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
  return makePipeline("zero-shot-classification", parts, job);
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
