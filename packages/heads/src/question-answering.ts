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
import { crossEntropy, Tensor } from "@convbert/tensor";
import ndarray from "ndarray";
import { ConvBertWithHead } from "./head.js";

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
export class ConvBertForQuestionAnswering extends ConvBertWithHead {
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
    return this.run(inputs, options, (encoded, prepared) => {
      const logits = this.#outputs.forward(encoded.lastHiddenState).toArray();
      const column = (index: number): FloatArray => {
        const values = Float32Array.from({ length: logits.shape[0]! }, (_, token) => logits.get(token, index));
        return withShape(ndarray(values), [prepared.batch, prepared.length]);
      };
      const starts = column(0);
      const ends = column(1);
      const { start_positions: start, end_positions: end } = inputs;
      return {
        ...(start != null &&
          end != null && {
            loss:
              (this.#loss("start_positions", starts, start, prepared) +
                this.#loss("end_positions", ends, end, prepared)) /
              2,
          }),
        start_logits: starts,
        end_logits: ends,
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  /** Positions are clamped to the length of the sequences, which is then the index that is ignored. */
  #loss(argument: string, logits: FloatArray, positions: ArrayInput, { batch, length }: PreparedInputs): number {
    const { shape, values } = integers(argument, positions);
    if (values.length !== batch) {
      throw new InputError(argument, `expected [${batch}], one for each sequence, got shape [${shape.join(", ")}]`);
    }
    const clamped = values.map((position) => Math.min(Math.max(position, 0), length));
    const scores = Tensor.from(this.backend, logits.data, [batch, length]);
    return crossEntropy(scores, Tensor.from(this.backend, clamped, [batch], "int32"), { ignoreIndex: length }).item();
  }
}
