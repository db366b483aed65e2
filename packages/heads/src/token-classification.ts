import type {
  ArrayInput,
  ConvBertConfig,
  ConvBertInputs,
  EncoderOutputs,
  FloatArray,
  ForwardOptions,
  RaggedInputs,
} from "@convbert/model";
import { drop, encoderOutputs, paddedOutput } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { crossEntropy, Tensor } from "@convbert/tensor";
import { ConvBertWithHead, type HeadContext, type LossOptions, type RaggedContext } from "./head.js";
import { tokenLabels } from "./labels.js";
import { eachSequence, type RaggedLogits } from "./ragged.js";

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
export class ConvBertForTokenClassification extends ConvBertWithHead<TokenClassificationInputs> {
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
    return this.run(inputs, options, (context) => {
      const logits = this.#logits(context);
      const loss = tokenClassificationLoss(this.config, logits, inputs, context, {});
      return {
        ...(loss !== null && { loss: loss.item() }),
        logits: paddedOutput(logits, context.prepared),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone. `logits` are `[length, num_labels]`.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (context) => eachSequence(this.#logits(context), context));
  }

  protected override loss(inputs: TokenClassificationInputs, context: HeadContext, options: LossOptions) {
    return tokenClassificationLoss(this.config, this.#logits(context), inputs, context, options);
  }

  #logits({ encoded, random }: RaggedContext): Tensor<"float32"> {
    const rate = this.config.classifier_dropout ?? this.config.hidden_dropout_prob;
    return this.#classifier.forward(drop(encoded.lastHiddenState, rate, random));
  }
}

/** Mean cross-entropy over the labels that are not -100; null without labels. */
export function tokenClassificationLoss(
  config: ConvBertConfig,
  logits: Tensor<"float32">,
  { labels }: TokenClassificationInputs,
  { prepared: { batch, length }, kept }: Pick<HeadContext, "prepared" | "kept">,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (labels == null) {
    return null;
  }
  const values = tokenLabels("labels", labels, { count: batch * length, classes: config.num_labels }, kept);
  return crossEntropy(logits, Tensor.from(logits.backend, values, [values.length], "int32"), options);
}
