import type { QuestionAnsweringInputs, QuestionAnsweringOutput, RaggedSpanLogits } from "@convbert/heads";
import { spanLoss } from "@convbert/heads/internal";
import type { ForwardOptions, RaggedInputs } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { uniformSequences } from "@convbert/tensor";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Marks answers on ONNX Runtime: `ConvBertForQuestionAnswering` of `@convbert/heads`. */
export class OnnxConvBertForQuestionAnswering extends OnnxConvBert<QuestionAnsweringInputs> {
  static readonly modelName: string = "ConvBertForQuestionAnswering";
  protected readonly ownArguments = ["start_positions", "end_positions"];

  /** Runs a padded batch, with a loss where both positions are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: QuestionAnsweringInputs, options: ForwardOptions = {}): Promise<QuestionAnsweringOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const start_logits = outputOf(outputs, "start_logits");
    const end_logits = outputOf(outputs, "end_logits");
    const { batch, length } = prepared;
    const context = { prepared, kept: null, encoded: { sequences: uniformSequences(batch, length) } };
    const loss = await this.loss([start_logits, end_logits], [batch, length], (starts, ends) =>
      spanLoss([starts!, ends!], inputs, context, {}),
    );
    return { ...loss, start_logits, end_logits, ...encoder };
  }

  /** Runs sequences of any lengths; both logits are `[length]`, as running each alone gives. */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedSpanLogits[]> {
    return this.runRagged(inputs, options, (outputs, { start, end }) => {
      const part = (name: string) => withShape(rowsOf(outputOf(outputs, name), start, end, 1), [end - start]);
      return { start_logits: part("start_logits"), end_logits: part("end_logits") };
    });
  }
}
