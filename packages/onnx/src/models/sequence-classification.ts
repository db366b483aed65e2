import type {
  Ragged,
  RaggedLogits,
  SequenceClassificationBatch,
  SequenceClassificationInputs,
  SequenceClassificationOutput,
} from "@convbert/heads";
import { labelsAt, problemOf, sequenceClassificationLoss } from "@convbert/heads/internal";
import type { ForwardOptions } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Classifies sequences on ONNX Runtime: `ConvBertForSequenceClassification` of `@convbert/heads`. */
export class OnnxConvBertForSequenceClassification extends OnnxConvBert<
  SequenceClassificationInputs,
  SequenceClassificationBatch
> {
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
  async forwardRagged(
    inputs: Ragged<SequenceClassificationBatch>,
    options: ForwardOptions = {},
  ): Promise<RaggedLogits[]> {
    const batch = this.batch(inputs);
    const { num_labels: size } = this.config;
    const results = await this.runRagged(batch, options, (outputs, { row }) => ({
      logits: withShape(rowsOf(outputOf(outputs, "logits"), row, row + 1, size), [size]),
    }));
    const { labels } = batch;
    if (labels == null) return results;
    const problem_type = problemOf(this.config, batch);
    return this.withLosses(results, ({ logits }, sequence) =>
      this.loss([logits], [1, size], (tensor) => {
        const own = { labels: labelsAt(labels, sequence, results.length), problem_type };
        return sequenceClassificationLoss(this.config, tensor!, own, {});
      }),
    );
  }
}
