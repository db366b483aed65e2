import type { RaggedLogits, SequenceClassificationInputs, SequenceClassificationOutput } from "@convbert/heads";
import { sequenceClassificationLoss } from "@convbert/heads/internal";
import type { ForwardOptions, RaggedInputs } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Classifies sequences on ONNX Runtime: `ConvBertForSequenceClassification` of `@convbert/heads`. */
export class OnnxConvBertForSequenceClassification extends OnnxConvBert<SequenceClassificationInputs> {
  static readonly modelName: string = "ConvBertForSequenceClassification";
  protected readonly ownArguments = ["labels", "problem_type"];

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(
    inputs: SequenceClassificationInputs,
    options: ForwardOptions = {},
  ): Promise<SequenceClassificationOutput> {
    const { outputs, encoder } = await this.run(inputs, options);
    const logits = outputOf(outputs, "logits");
    const loss = await this.loss([logits], logits.shape, (tensor) =>
      sequenceClassificationLoss(this.config, tensor!, inputs, {}),
    );
    return { ...loss, logits, ...encoder };
  }

  /** Runs sequences of any lengths; `logits` are `[num_labels]`, as running each alone gives. */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    const { num_labels: labels } = this.config;
    return this.runRagged(inputs, options, (outputs, { row }) => ({
      logits: withShape(rowsOf(outputOf(outputs, "logits"), row, row + 1, labels), [labels]),
    }));
  }
}
