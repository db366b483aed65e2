import type { MultipleChoiceInputs, MultipleChoiceOutput, RaggedLogits } from "@convbert/heads";
import { choicesAsSequences, countChoices, multipleChoiceLoss } from "@convbert/heads/internal";
import type { ForwardOptions, RaggedInputs } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** Scores alternatives on ONNX Runtime: `ConvBertForMultipleChoice` of `@convbert/heads`. */
export class OnnxConvBertForMultipleChoice extends OnnxConvBert<MultipleChoiceInputs> {
  static readonly modelName: string = "ConvBertForMultipleChoice";
  protected readonly ownArguments = ["labels"];

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: MultipleChoiceInputs, options: ForwardOptions = {}): Promise<MultipleChoiceOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const choices = countChoices(inputs);
    const logits = withShape(outputOf(outputs, "logits"), [prepared.batch / choices, choices]);
    const loss = await this.loss([logits], logits.shape, (tensor) => multipleChoiceLoss(tensor!, inputs, {}));
    return { ...loss, logits, ...encoder };
  }

  /** Scores sequences of any lengths, each as one choice; `logits` are `[1]`, as running each alone gives. */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (outputs, { row }) => ({
      logits: withShape(rowsOf(outputOf(outputs, "logits"), row, row + 1, 1), [1]),
    }));
  }

  protected override encoderInputs(inputs: MultipleChoiceInputs) {
    return { inputs: choicesAsSequences(inputs), choices: countChoices(inputs) };
  }

  /** "cls_index" without an index is the last position too. */
  protected override get readsLast(): boolean {
    return this.config.summary_type === "last" || this.config.summary_type === "cls_index";
  }
}
