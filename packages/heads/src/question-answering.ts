import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  type RaggedInputs,
} from "@convbert/model";
import { encoderOutputs, integers, sequenceRows, withShape } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
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

/** What `forwardRagged` gives for each sequence. */
export type RaggedSpanLogits = Pick<QuestionAnsweringOutput, "start_logits" | "end_logits">;

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
      const loss = spanLoss([starts, ends], inputs, context, {});
      return {
        ...(loss !== null && { loss: loss.item() }),
        start_logits: withShape(starts.toArray(), starts.shape),
        end_logits: withShape(ends.toArray(), ends.shape),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone. `start_logits` and `end_logits` are `[length]`.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedSpanLogits[]> {
    return this.runRagged(inputs, options, ({ encoded }) => {
      const logits = this.#outputs.forward(encoded.lastHiddenState);
      const [starts, ends] = [0, 1].map((column) =>
        sequenceRows(concatenate([logits.slice(-1, column, column + 1)]).reshape([-1]), encoded),
      );
      return starts!.map((start_logits, index) => ({ start_logits, end_logits: ends![index]! }));
    });
  }

  protected override loss(inputs: QuestionAnsweringInputs, context: HeadContext, options: LossOptions) {
    return spanLoss(this.#logits(context), inputs, context, options);
  }

  protected override get labelNames() {
    return ["start_positions", "end_positions"];
  }

  /** Of the start and of the end, `[batch, length]` each; `[1, tokens]` of a batch without padding. */
  #logits({ encoded, kept, prepared: { batch } }: HeadContext): [Tensor<"float32">, Tensor<"float32">] {
    const logits = this.#outputs.forward(encoded.lastHiddenState);
    const column = (index: number) =>
      concatenate([logits.slice(-1, index, index + 1)]).reshape([kept === null ? batch : 1, -1]);
    return [column(0), column(1)];
  }
}

/** What a span's loss needs to know of the run. */
type SpanContext = Pick<HeadContext, "prepared" | "kept"> & {
  readonly encoded: Pick<HeadContext["encoded"], "sequences">;
};

/** Mean of the start's and the end's cross-entropy; null unless both positions are given. */
export function spanLoss(
  [starts, ends]: readonly [Tensor<"float32">, Tensor<"float32">],
  { start_positions: start, end_positions: end }: QuestionAnsweringInputs,
  context: SpanContext,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (start == null || end == null) {
    return null;
  }
  const from = positionLoss("start_positions", starts, start, context, options);
  return scale(add(from, positionLoss("end_positions", ends, end, context, options)), 0.5);
}

/** Positions are clamped to the length of the sequences, which is then the index that is ignored. */
function positionLoss(
  argument: string,
  logits: Tensor<"float32">,
  positions: ArrayInput,
  { prepared: { batch, length }, kept, encoded }: SpanContext,
  { labelSmoothing = 0 }: LossOptions,
): Tensor<"float32"> {
  const { shape, values } = integers(argument, positions);
  // As the reference, which drops a last axis of one element.
  const axes = shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  if (axes.length !== 1 || values.length !== batch) {
    throw new InputError(argument, `expected [${batch}], one for each sequence, got shape [${shape.join(", ")}]`);
  }
  const clamped = values.map((position) => Math.min(Math.max(position, 0), length));
  if (kept === null) {
    const targets = Tensor.from(logits.backend, clamped, [batch], "int32");
    return crossEntropy(logits, targets, { ignoreIndex: length, labelSmoothing });
  }
  return meanOfSequences(logits, clamped, { ...encoded.sequences, kept, length }, labelSmoothing);
}

/** The same over the tokens of each sequence of a batch without padding; a position that was padding does not count. */
function meanOfSequences(
  logits: Tensor<"float32">,
  positions: Int32Array,
  { offsets, kept, length }: { offsets: readonly number[]; kept: readonly number[]; length: number },
  labelSmoothing: number,
): Tensor<"float32"> {
  const losses: Tensor<"float32">[] = [];
  for (const [sequence, position] of positions.entries()) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    const token = kept.indexOf(sequence * length + position, start);
    if (position < length && token >= start && token < end) {
      const target = Tensor.from(logits.backend, [token - start], [1], "int32");
      losses.push(crossEntropy(logits.slice(-1, start, end), target, { labelSmoothing }));
    }
  }
  const first = losses[0];
  if (first === undefined) {
    throw new InputError("start_positions", "no answer lies in its sequence, so there is nothing to learn from");
  }
  return scale(
    losses.slice(1).reduce((sum, loss) => add(sum, loss), first),
    1 / losses.length,
  );
}
