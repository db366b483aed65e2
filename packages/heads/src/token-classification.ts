import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  encoderOutputs,
  type FloatArray,
  type ForwardOptions,
  Linear,
  paddedOutput,
  type Scope,
} from "@convbert/model";
import { crossEntropy } from "@convbert/tensor";
import { ConvBertWithHead } from "./head.js";
import { integerLabels } from "./labels.js";

export interface TokenClassificationInputs extends ConvBertInputs {
  /** `[batch, length]`: a class for each token, -100 where it does not count. */
  readonly labels?: ArrayInput | null | undefined;
}

/** The reference's `TokenClassifierOutput`. */
export interface TokenClassificationOutput extends EncoderOutputs {
  /** Mean cross-entropy over the labels that are not -100; NaN when all are. */
  readonly loss?: number;
  /** `[batch, length, num_labels]`. */
  readonly logits: FloatArray;
}

/** Classifies every token (the reference's `ConvBertForTokenClassification`): one map to the labels. */
export class ConvBertForTokenClassification extends ConvBertWithHead {
  static readonly modelName: string = "ConvBertForTokenClassification";
  protected readonly ownArguments = ["labels"];
  readonly #classifier: Linear;

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    this.#classifier = new Linear(root.scope("classifier"), config.hidden_size, config.num_labels);
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: TokenClassificationInputs, options: ForwardOptions = {}): Promise<TokenClassificationOutput> {
    return this.run(inputs, options, (encoded, prepared) => {
      const logits = this.#classifier.forward(encoded.lastHiddenState);
      const { labels } = inputs;
      const count = prepared.batch * prepared.length;
      return {
        ...(labels != null && {
          loss: crossEntropy(logits, integerLabels(this.backend, "labels", labels, count)).item(),
        }),
        logits: paddedOutput(logits, prepared),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }
}
