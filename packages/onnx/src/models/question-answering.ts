import type {
  QuestionAnsweringBatch,
  QuestionAnsweringInputs,
  QuestionAnsweringOutput,
  Ragged,
  RaggedSpanLogits,
} from "@convbert/heads";
import { spanLoss } from "@convbert/heads/internal";
import type { ForwardOptions } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Marks answers on ONNX Runtime: `ConvBertForQuestionAnswering` of `@convbert/heads`. */
export class OnnxConvBertForQuestionAnswering extends OnnxConvBert<QuestionAnsweringInputs, QuestionAnsweringBatch> {
  static readonly modelName: string = "ConvBertForQuestionAnswering";
  protected readonly ownArguments = ["start_positions", "end_positions"];

  /** Runs a padded batch, with a loss where both positions are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: QuestionAnsweringInputs, options: ForwardOptions = {}): Promise<QuestionAnsweringOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const start_logits = outputOf(outputs, "start_logits");
    const end_logits = outputOf(outputs, "end_logits");
    const { batch, length } = prepared;
    const loss = await this.loss([start_logits, end_logits], [batch, length], (starts, ends) =>
      spanLoss([starts!, ends!], inputs, {}),
    );
    return { ...loss, start_logits, end_logits, ...encoder };
  }

  /** Runs sequences of any lengths; both logits are `[length]`, as running each alone gives. */
  async forwardRagged(
    inputs: Ragged<QuestionAnsweringBatch>,
    options: ForwardOptions = {},
  ): Promise<RaggedSpanLogits[]> {
    const batch = this.batch(inputs);
    const results = await this.runRagged(batch, options, (outputs, { start, end }) => {
      const part = (name: string) => withShape(rowsOf(outputOf(outputs, name), start, end, 1), [end - start]);
      return { start_logits: part("start_logits"), end_logits: part("end_logits") };
    });
    const { start_positions: from, end_positions: to } = batch;
    if (from == null || to == null) return results;
    return this.withLosses(results, ({ start_logits, end_logits }, sequence) =>
      this.loss([start_logits, end_logits], [1, start_logits.size], (starts, ends) => {
        const own = { start_positions: [from[sequence]!], end_positions: [to[sequence]!] };
        return spanLoss([starts!, ends!], own, {});
      }),
    );
  }
}
