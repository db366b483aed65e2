import type {
  ConvBertInputs,
  ConvBertModelOutput,
  ForwardOptions,
  RaggedInputs,
  RaggedModelOutput,
  SequenceBatch,
} from "@convbert/model";
import { OnnxConvBert, outputOf, rowsOf } from "../onnx-model.js";

/** The encoder on ONNX Runtime: `ConvBertModel` of `@convbert/model`. */
export class OnnxConvBertModel extends OnnxConvBert {
  static readonly modelName: string = "ConvBertModel";
  protected readonly ownArguments: readonly string[] = [];

  /** Runs a padded batch with the reference's semantics. Throws InputError; the signal's reason when it aborts. */
  async forward(inputs: ConvBertInputs, options: ForwardOptions = {}): Promise<ConvBertModelOutput> {
    const { outputs, encoder } = await this.run(inputs, options);
    return { last_hidden_state: outputOf(outputs, "last_hidden_state"), ...encoder };
  }

  /** Runs sequences of any lengths; `last_hidden_state` is `[length, hidden_size]`, as running each alone gives. */
  forwardRagged(inputs: SequenceBatch | RaggedInputs, options: ForwardOptions = {}): Promise<RaggedModelOutput[]> {
    return this.runRagged(this.batch(inputs), options, (outputs, { start, end }) => ({
      last_hidden_state: rowsOf(outputOf(outputs, "last_hidden_state"), start, end, this.config.hidden_size),
    }));
  }
}
