import type { RaggedLogits, TokenClassificationInputs, TokenClassificationOutput } from "@convbert/heads";
import { tokenClassificationLoss } from "@convbert/heads/internal";
import type { ForwardOptions, RaggedInputs } from "@convbert/model";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Classifies every token on ONNX Runtime: `ConvBertForTokenClassification` of `@convbert/heads`. */
export class OnnxConvBertForTokenClassification extends OnnxConvBert<TokenClassificationInputs> {
  static readonly modelName: string = "ConvBertForTokenClassification";
  protected readonly ownArguments = ["labels"];

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: TokenClassificationInputs, options: ForwardOptions = {}): Promise<TokenClassificationOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const logits = outputOf(outputs, "logits");
    const shape = [prepared.batch * prepared.length, this.config.num_labels];
    const loss = await this.loss([logits], shape, (tensor) =>
      tokenClassificationLoss(this.config, tensor!, inputs, { prepared, kept: null }, {}),
    );
    return { ...loss, logits, ...encoder };
  }

  /** Runs sequences of any lengths; `logits` are `[length, num_labels]`, as running each alone gives. */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (outputs, { start, end }) => ({
      logits: rowsOf(outputOf(outputs, "logits"), start, end, this.config.num_labels),
    }));
  }
}
