import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  type SequenceBatch,
  withoutPadding,
} from "@convbert/model";
import { drop, encoderOutputs, paddedOutput } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import type { Tensor } from "@convbert/tensor";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { eachSequence, type Ragged, type RaggedLogits, withLosses } from "./ragged.js";
import { type TokenLabels, targetLoss, targetsKept, tokenTargets } from "./token-targets.js";

export interface TokenClassificationInputs extends ConvBertInputs {
  /**
   * `[batch, length]`: a class for each token, -100 where it does not count; or `[batch, length, num_labels]`: how likely each
   * class is, all 0 where the token does not count.
   */
  readonly labels?: ArrayInput | null | undefined;
}

/** The same without padding. */
export interface TokenClassificationBatch extends SequenceBatch {
  /**
   * `[tokens]`: a class for each token, -100 where it does not count; or `[tokens, num_labels]`: how likely each class is, all 0
   * where the token does not count.
   */
  readonly labels?: ArrayLike<number> | ArrayInput | null | undefined;
}

/** The reference's `TokenClassifierOutput`. */
export interface TokenClassificationOutput extends EncoderOutputs {
  /** Mean cross-entropy over the tokens that count; NaN when none does. */
  readonly loss?: number;
  /** `[batch, length, num_labels]`. */
  readonly logits: FloatArray;
}

/** Classifies every token (the reference's `ConvBertForTokenClassification`): one map to the labels. */
export class ConvBertForTokenClassification extends ConvBertWithHead<
  TokenClassificationInputs,
  TokenClassificationBatch
> {
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
      const loss = tokenClassificationLoss(this.config, logits, inputs.labels, {});
      return {
        ...(loss !== null && { loss: loss.readItem() }),
        logits: paddedOutput(logits, context.prepared),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone. `logits` are `[length, num_labels]`.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: Ragged<TokenClassificationBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, ({ labels, offsets }, context) => {
      const logits = this.#logits(context);
      const results = eachSequence(logits, context.encoded.sequences);
      if (labels == null) return results;
      const count = logits.extent(0);
      const all = tokenTargets(labels, { count, classes: this.config.num_labels });
      const width = all.length / count;
      return withLosses(results, (sequence) => {
        const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
        return targetLoss(logits.slice(0, start, end), all.subarray(start * width, end * width), {});
      });
    });
  }

  override unpadded(inputs: TokenClassificationInputs): TokenClassificationBatch {
    const unpadded = withoutPadding(inputs);
    return { ...unpadded.batch, ...targetsKept(inputs.labels, unpadded, this.config.num_labels) };
  }

  protected override loss(
    { labels }: TokenClassificationInputs | TokenClassificationBatch,
    context: HeadContext,
    options: LossOptions,
  ) {
    return tokenClassificationLoss(this.config, this.#logits(context), labels, options);
  }

  #logits({ encoded, random }: HeadContext): Tensor<"float32"> {
    const rate = this.config.classifier_dropout ?? this.config.hidden_dropout_prob;
    return this.#classifier.forward(drop(encoded.lastHiddenState, rate, random));
  }
}

/** Mean cross-entropy over the tokens that count, one for each row of the logits; null without labels. */
export function tokenClassificationLoss(
  { num_labels: classes }: ConvBertConfig,
  logits: Tensor<"float32">,
  labels: TokenLabels | null | undefined,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (labels == null) return null;
  return targetLoss(logits, tokenTargets(labels, { count: logits.extent(0), classes }), options);
}
