import type {
  Ragged,
  RaggedLogits,
  TokenClassificationBatch,
  TokenClassificationInputs,
  TokenClassificationOutput,
} from "@convbert/heads";
import { targetsAt, tokenClassificationLoss } from "@convbert/heads/internal";
import type { ForwardOptions } from "@convbert/model";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Classifies every token on ONNX Runtime: `ConvBertForTokenClassification` of `@convbert/heads`. */
export class OnnxConvBertForTokenClassification extends OnnxConvBert<
  TokenClassificationInputs,
  TokenClassificationBatch
> {
  static readonly modelName: string = "ConvBertForTokenClassification";
  protected readonly ownArguments = ["labels"];

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: TokenClassificationInputs, options: ForwardOptions = {}): Promise<TokenClassificationOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const logits = outputOf(outputs, "logits");
    const shape = [prepared.batch * prepared.length, this.config.num_labels];
    const loss = await this.loss([logits], shape, (tensor) =>
      tokenClassificationLoss(this.config, tensor!, inputs.labels, {}),
    );
    return { ...loss, logits, ...encoder };
  }

  /** Runs sequences of any lengths; `logits` are `[length, num_labels]`, as running each alone gives. */
  async forwardRagged(inputs: Ragged<TokenClassificationBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    const batch = this.batch(inputs);
    const results = await this.runRagged(batch, options, (outputs, { start, end }) => ({
      logits: rowsOf(outputOf(outputs, "logits"), start, end, this.config.num_labels),
    }));
    if (batch.labels == null) return results;
    return this.withLosses(results, ({ logits }, sequence) =>
      this.loss([logits], logits.shape, (tensor) =>
        tokenClassificationLoss(this.config, tensor!, targetsAt(batch, sequence, this.config.num_labels), {}),
      ),
    );
  }
}
