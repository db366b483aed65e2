import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  type SequenceBatch,
  type Unpadded,
  withoutPadding,
} from "@convbert/model";
import { encoderOutputs, integers, isSequenceBatch, sequenceRows } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { add, concatenate, crossEntropy, type Sequences, scale, Tensor } from "@convbert/tensor";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { flatLabels } from "./labels.js";
import { type Ragged, withLosses } from "./ragged.js";

export interface QuestionAnsweringInputs extends ConvBertInputs {
  /** `[batch]` or `[batch, 1]`: token where the answer starts; positions outside the sequence do not count. */
  readonly start_positions?: ArrayInput | null | undefined;
  /** `[batch]` or `[batch, 1]`: token where the answer ends, itself included. */
  readonly end_positions?: ArrayInput | null | undefined;
}

/** The same without padding. */
export interface QuestionAnsweringBatch extends SequenceBatch {
  /** Of each sequence, the token of it where the answer starts; what lies outside the sequence does not count. */
  readonly start_positions?: ArrayLike<number> | null | undefined;
  /** The token where the answer ends, itself included. */
  readonly end_positions?: ArrayLike<number> | null | undefined;
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
export type RaggedSpanLogits = Pick<QuestionAnsweringOutput, "loss" | "start_logits" | "end_logits">;

/** Marks the span that answers a question (the reference's `ConvBertForQuestionAnswering`). */
export class ConvBertForQuestionAnswering extends ConvBertWithHead<QuestionAnsweringInputs, QuestionAnsweringBatch> {
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
      const [starts, ends] = this.#logits(context, prepared.batch);
      const loss = spanLoss([starts, ends], inputs, {});
      return {
        ...(loss !== null && { loss: loss.readItem() }),
        start_logits: starts.read(),
        end_logits: ends.read(),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone. `start_logits` and `end_logits` are `[length]`.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: Ragged<QuestionAnsweringBatch>, options: ForwardOptions = {}): Promise<RaggedSpanLogits[]> {
    return this.runRagged(inputs, options, (batch, context) => {
      const { sequences } = context.encoded;
      const logits = this.#logits(context, 1);
      const [starts, ends] = logits.map((column) => sequenceRows(column.reshape([-1]), { sequences })) as [
        Promise<FloatArray>[],
        Promise<FloatArray>[],
      ];
      const results = starts.map((start_logits, index) => ({ start_logits, end_logits: ends[index]! }));
      if (batch.start_positions == null || batch.end_positions == null) return results;
      const [from, to] = [
        positionsOf("start_positions", batch, sequences),
        positionsOf("end_positions", batch, sequences),
      ];
      return withLosses(results, (sequence) => {
        const own = (column: Tensor<"float32">) =>
          column.slice(-1, sequences.offsets[sequence]!, sequences.offsets[sequence + 1]!);
        const positions = { start_positions: [from[sequence]!], end_positions: [to[sequence]!] };
        return spanLoss([own(logits[0]), own(logits[1])], positions, {});
      });
    });
  }

  override unpadded(inputs: QuestionAnsweringInputs): QuestionAnsweringBatch {
    const unpadded = withoutPadding(inputs);
    const { start_positions: start, end_positions: end } = inputs;
    return {
      ...unpadded.batch,
      ...(start != null && { start_positions: positionsKept("start_positions", start, unpadded) }),
      ...(end != null && { end_positions: positionsKept("end_positions", end, unpadded) }),
    };
  }

  protected override loss(
    inputs: QuestionAnsweringInputs | QuestionAnsweringBatch,
    context: HeadContext,
    options: LossOptions,
  ) {
    const { sequences } = context.encoded;
    if (!isSequenceBatch(inputs)) return spanLoss(this.#logits(context, sequences.offsets.length - 1), inputs, options);
    if (inputs.start_positions == null || inputs.end_positions == null) return null;
    const [starts, ends] = this.#logits(context, 1);
    const from = meanOfSequences(starts, positionsOf("start_positions", inputs, sequences), sequences, options);
    return scale(
      add(from, meanOfSequences(ends, positionsOf("end_positions", inputs, sequences), sequences, options)),
      0.5,
    );
  }

  protected override get labelNames() {
    return ["start_positions", "end_positions"];
  }

  /** Of the start and of the end: `[batch, length]` each of a padded batch, `[1, tokens]` of one without padding. */
  #logits({ encoded }: HeadContext, rows: number): [Tensor<"float32">, Tensor<"float32">] {
    const logits = this.#outputs.forward(encoded.lastHiddenState);
    const column = (index: number) => concatenate([logits.slice(-1, index, index + 1)]).reshape([rows, -1]);
    return [column(0), column(1)];
  }
}

/** Mean of the start's and the end's cross-entropy over logits `[batch, length]`; null unless both positions are given. */
export function spanLoss(
  [starts, ends]: readonly [Tensor<"float32">, Tensor<"float32">],
  { start_positions: start, end_positions: end }: QuestionAnsweringInputs,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (start == null || end == null) {
    return null;
  }
  const from = positionLoss("start_positions", starts, start, options);
  return scale(add(from, positionLoss("end_positions", ends, end, options)), 0.5);
}

/** Positions are clamped to the length of the sequences, which is then the index that is ignored. */
function positionLoss(
  argument: string,
  logits: Tensor<"float32">,
  positions: ArrayInput,
  { labelSmoothing = 0 }: LossOptions,
): Tensor<"float32"> {
  const [batch, length] = logits.shape as [number, number];
  const clamped = clampedPositions(argument, positions, batch).map((position) => Math.min(position, length));
  const targets = Tensor.from(logits.backend, clamped, [batch], "int32");
  return crossEntropy(logits, targets, { ignoreIndex: length, labelSmoothing });
}

/** A position from 0 on for each sequence. Throws InputError unless there are as many. */
function clampedPositions(argument: string, positions: ArrayInput, count: number): Int32Array {
  const { shape, values } = integers(argument, positions);
  // As the reference, which drops a last axis of one element.
  const axes = shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  if (axes.length !== 1 || values.length !== count) {
    throw new InputError(argument, `expected [${count}], one for each sequence, got shape [${shape.join(", ")}]`);
  }
  return values.map((position) => Math.max(position, 0));
}

type PositionName = "start_positions" | "end_positions";

function positionsOf(argument: PositionName, batch: QuestionAnsweringBatch, { offsets }: Sequences): Int32Array {
  return clampedPositions(argument, flatLabels(batch[argument])!, offsets.length - 1);
}

/** Positions in a padded batch as those in the sequences without padding; behind their ends where padding was meant. */
function positionsKept(
  argument: PositionName,
  positions: ArrayInput,
  { kept, length, batch: { offsets } }: Unpadded,
): Int32Array {
  return clampedPositions(argument, positions, offsets.length - 1).map((position, sequence) => {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    const token = position < length ? kept.indexOf(sequence * length + position, start) : -1;
    return token >= start && token < end ? token - start : end - start;
  });
}

/** The same over the tokens of each sequence, `[1, tokens]`; a position outside its sequence does not count. */
function meanOfSequences(
  logits: Tensor<"float32">,
  positions: Int32Array,
  { offsets }: Sequences,
  { labelSmoothing = 0 }: LossOptions,
): Tensor<"float32"> {
  const losses: Tensor<"float32">[] = [];
  for (const [sequence, position] of positions.entries()) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    if (position < end - start) {
      const target = Tensor.from(logits.backend, [position], [1], "int32");
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
