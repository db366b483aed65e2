import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  encoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  integers,
  Linear,
  type PreparedInputs,
  type Scope,
  withShape,
} from "@convbert/model";
import { add, concatenate, crossEntropy, scale, Tensor } from "@convbert/tensor";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";

export interface QuestionAnsweringInputs extends ConvBertInputs {
  /** `[batch]` or `[batch, 1]`: token where the answer starts; positions outside the sequence do not count. */
  readonly start_positions?: ArrayInput | null | undefined;
  /** `[batch]` or `[batch, 1]`: token where the answer ends, itself included. */
  readonly end_positions?: ArrayInput | null | undefined;
}

/** The reference's `QuestionAnsweringModelOutput`. */
export interface QuestionAnsweringOutput extends EncoderOutputs {
  /** Mean of the start's and the end's cross-entropy; NaN when no position lies in its sequence. */
  readonly loss?: number;
  /** `[batch, length]`. */
  readonly start_logits: FloatArray;
  /** `[batch, length]`. */
  readonly end_logits: FloatArray;
}

/** Marks the span that answers a question (the reference's `ConvBertForQuestionAnswering`). */
export class ConvBertForQuestionAnswering extends ConvBertWithHead<QuestionAnsweringInputs> {
  static readonly modelName: string = "ConvBertForQuestionAnswering";
  protected readonly ownArguments = ["start_positions", "end_positions"];
  readonly #outputs: Linear;

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    if (config.num_labels !== 2) {
      throw new ConfigError(
        "num_labels",
        `question answering has 2 outputs, the start and the end of a span, not ${config.num_labels}`,
      );
    }
    this.#outputs = new Linear(root.scope("qa_outputs"), config.hidden_size, config.num_labels);
  }

  /** Runs the model, with a loss where both positions are given. Throws InputError for arguments that do not fit. */
  forward(inputs: QuestionAnsweringInputs, options: ForwardOptions = {}): Promise<QuestionAnsweringOutput> {
    return this.run(inputs, options, (context) => {
      const { encoded, prepared } = context;
      const [starts, ends] = this.#logits(context);
      const loss = this.#loss([starts, ends], inputs, prepared, {});
      return {
        ...(loss !== null && { loss: loss.item() }),
        start_logits: withShape(starts.toArray(), starts.shape),
        end_logits: withShape(ends.toArray(), ends.shape),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  protected override loss(inputs: QuestionAnsweringInputs, context: HeadContext, options: LossOptions) {
    return this.#loss(this.#logits(context), inputs, context.prepared, options);
  }

  protected override get labelNames() {
    return ["start_positions", "end_positions"];
  }

  /** Of the start and of the end, `[batch, length]` each. */
  #logits({ encoded, prepared: { batch, length } }: HeadContext): [Tensor<"float32">, Tensor<"float32">] {
    const logits = this.#outputs.forward(encoded.lastHiddenState);
    const column = (index: number) => concatenate([logits.slice(-1, index, index + 1)]).reshape([batch, length]);
    return [column(0), column(1)];
  }

  #loss(
    [starts, ends]: readonly [Tensor<"float32">, Tensor<"float32">],
    { start_positions: start, end_positions: end }: QuestionAnsweringInputs,
    prepared: PreparedInputs,
    options: LossOptions,
  ): Tensor<"float32"> | null {
    if (start == null || end == null) {
      return null;
    }
    const from = this.#crossEntropy("start_positions", starts, start, prepared, options);
    return scale(add(from, this.#crossEntropy("end_positions", ends, end, prepared, options)), 0.5);
  }

  /** Positions are clamped to the length of the sequences, which is then the index that is ignored. */
  #crossEntropy(
    argument: string,
    logits: Tensor<"float32">,
    positions: ArrayInput,
    { batch, length }: PreparedInputs,
    { labelSmoothing = 0 }: LossOptions,
  ): Tensor<"float32"> {
    const { shape, values } = integers(argument, positions);
    if (values.length !== batch) {
      throw new InputError(argument, `expected [${batch}], one for each sequence, got shape [${shape.join(", ")}]`);
    }
    const clamped = values.map((position) => Math.min(Math.max(position, 0), length));
    const targets = Tensor.from(this.backend, clamped, [batch], "int32");
    return crossEntropy(logits, targets, { ignoreIndex: length, labelSmoothing });
  }
}
