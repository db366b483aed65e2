import type {
  MultipleChoiceBatch,
  MultipleChoiceInputs,
  MultipleChoiceOutput,
  Ragged,
  RaggedLogits,
} from "@convbert/heads";
import { choiceEnds, choicesAsSequences, countChoices, labelsAt, multipleChoiceLoss } from "@convbert/heads/internal";
import { type ForwardOptions, ndarrayOf } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Scores alternatives on ONNX Runtime: `ConvBertForMultipleChoice` of `@convbert/heads`. */
export class OnnxConvBertForMultipleChoice extends OnnxConvBert<MultipleChoiceInputs, MultipleChoiceBatch> {
  static readonly modelName: string = "ConvBertForMultipleChoice";
  protected readonly ownArguments = ["labels"];

  protected override get ownBatchArguments(): readonly string[] {
    return ["labels", "choices"];
  }

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: MultipleChoiceInputs, options: ForwardOptions = {}): Promise<MultipleChoiceOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const choices = countChoices(inputs);
    const logits = withShape(outputOf(outputs, "logits"), [prepared.batch / choices, choices]);
    const loss = await this.loss([logits], logits.shape, (tensor) => multipleChoiceLoss(tensor!, inputs, {}));
    return { ...loss, logits, ...encoder };
  }

  /**
   * Scores sequences of any lengths, each as one choice, as running each alone gives; a result for each prompt, or for each
   * sequence where nothing says how many `choices` a prompt has.
   */
  async forwardRagged(inputs: Ragged<MultipleChoiceBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    const batch = this.batch(inputs);
    const { labels, choices } = batch;
    const ends = choiceEnds(choices, batch.offsets.length - 1, labels != null);
    const scores = await this.runRagged(
      batch,
      options,
      (outputs, { row }) => rowsOf(outputOf(outputs, "logits"), row, row + 1, 1).data[0]!,
    );
    const results = (ends ?? scores.map((_, sequence) => sequence + 1)).map((end, row, all) => {
      const own = scores.slice(all[row - 1] ?? 0, end);
      return { logits: ndarrayOf(Float32Array.from(own), [own.length]) };
    });
    if (labels == null) return results;
    return this.withLosses(results, ({ logits }, prompt) =>
      this.loss([logits], [1, logits.size], (tensor) =>
        multipleChoiceLoss(tensor!, { labels: labelsAt(labels, prompt, results.length) }, {}),
      ),
    );
  }

  protected override encoderInputs(inputs: MultipleChoiceInputs) {
    return { inputs: choicesAsSequences(inputs), choices: countChoices(inputs) };
  }

  /** "cls_index" without an index is the last position too. */
  protected override get readsLast(): boolean {
    return this.config.summary_type === "last" || this.config.summary_type === "cls_index";
  }
}
