import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  encoderOutputs,
  type FloatArray,
  type ForwardOptions,
  hiddenActivation,
  isIntegral,
  Linear,
  type ProblemType,
  type Scope,
} from "@convbert/model";
import { binaryCrossEntropy, crossEntropy, meanSquaredError, type Tensor } from "@convbert/tensor";
import { firstTokens } from "./first-tokens.js";
import { ConvBertWithHead } from "./head.js";
import { floatLabels, integerLabels } from "./labels.js";

export interface SequenceClassificationInputs extends ConvBertInputs {
  /** `[batch]` classes; `[batch, num_labels]` 0 or 1 for several labels at once; numbers for regression. */
  readonly labels?: ArrayInput | null | undefined;
  /** Which loss the labels have, where the configuration does not say it. */
  readonly problem_type?: ProblemType | null | undefined;
}

/** The reference's `SequenceClassifierOutput`. */
export interface SequenceClassificationOutput extends EncoderOutputs {
  readonly loss?: number;
  /** `[batch, num_labels]`. */
  readonly logits: FloatArray;
}

/**
 * Classifies a sequence, or scores it, by its first token (the reference's `ConvBertForSequenceClassification`): dense,
 * `hidden_act`, and a map to the labels.
 */
export class ConvBertForSequenceClassification extends ConvBertWithHead {
  static readonly modelName: string = "ConvBertForSequenceClassification";
  protected readonly ownArguments = ["labels", "problem_type"];
  readonly #dense: Linear;
  readonly #project: Linear;

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    const classifier = root.scope("classifier");
    this.#dense = new Linear(classifier.scope("dense"), config.hidden_size, config.hidden_size);
    this.#project = new Linear(classifier.scope("out_proj"), config.hidden_size, config.num_labels);
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: SequenceClassificationInputs, options: ForwardOptions = {}): Promise<SequenceClassificationOutput> {
    return this.run(inputs, options, (encoded, prepared) => {
      const first = firstTokens(encoded);
      const logits = this.#project.forward(this.#dense.forward(first, hiddenActivation(this.config)));
      const { labels } = inputs;
      return {
        ...(labels != null && { loss: this.#loss(logits, labels, inputs.problem_type ?? null).item() }),
        logits: logits.toArray(),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  #loss(logits: Tensor<"float32">, labels: ArrayInput, given: ProblemType | null): Tensor<"float32"> {
    switch (given ?? this.config.problem_type ?? inferProblem(this.config.num_labels, labels)) {
      case "regression":
        return meanSquaredError(logits, floatLabels(this.backend, "labels", labels, logits.size));
      case "multi_label_classification":
        return binaryCrossEntropy(logits, floatLabels(this.backend, "labels", labels, logits.size));
      default:
        return crossEntropy(logits, integerLabels(this.backend, "labels", labels, logits.extent(0)));
    }
  }
}

/** The reference's rule: one label is regression, integers are classes, anything else is several labels at once. */
function inferProblem(numLabels: number, labels: ArrayInput): ProblemType {
  if (numLabels === 1) {
    return "regression";
  }
  return isIntegral(labels) && !isTable(labels) ? "single_label_classification" : "multi_label_classification";
}

/** Nested lists of whole numbers have no element type: one row of 0 and 1 a text can only mean several labels. */
function isTable(labels: ArrayInput): boolean {
  return Array.isArray(labels) && Array.isArray(labels[0]) && labels[0].length > 1;
}
