import type { MaskedLMBatch, MaskedLMInputs, MaskedLMOutput, Ragged, RaggedLogits } from "@convbert/heads";
import { askedTokens, maskedLMLoss, tokenLabelsAt } from "@convbert/heads/internal";
import { type ForwardOptions, ndarrayOf } from "@convbert/model";
import { withShape } from "@convbert/model/internal";
import { type GraphOutputs, OnnxConvBert, outputOf, type RaggedRow, rowsOf } from "../onnx-model.js";

/** Predicts masked words on ONNX Runtime: `ConvBertForMaskedLM` of `@convbert/heads`. */
export class OnnxConvBertForMaskedLM extends OnnxConvBert<MaskedLMInputs, MaskedLMBatch> {
  static readonly modelName: string = "ConvBertForMaskedLM";
  protected readonly ownArguments = ["labels"];

  protected override get ownBatchArguments(): readonly string[] {
    return ["labels", "positions"];
  }

  /** Runs a padded batch, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  async forward(inputs: MaskedLMInputs, options: ForwardOptions = {}): Promise<MaskedLMOutput> {
    const { outputs, prepared, encoder } = await this.run(inputs, options);
    const { batch, length } = prepared;
    const { vocab_size: words } = this.config;
    const logits = withShape(outputOf(outputs, "logits"), [batch, length, words]);
    const loss = await this.loss([logits], [batch * length, words], (tensor) =>
      maskedLMLoss(this.config, tensor!, inputs),
    );
    return { ...loss, logits, ...encoder };
  }

  /**
   * Runs sequences of any lengths; `logits` are `[length, vocab_size]`, or `[positions, vocab_size]` of the `positions` asked
   * for, which takes far less. Throws InputError for arguments that do not fit.
   */
  async forwardRagged(inputs: Ragged<MaskedLMBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    const batch = this.batch(inputs);
    const { positions } = batch;
    if (positions != null) askedTokens(positions, { offsets: Array.from(batch.offsets) });
    const { vocab_size: words } = this.config;
    const pick = (outputs: GraphOutputs, row: RaggedRow): RaggedLogits => {
      const asked = positions?.[row.index];
      if (asked?.length === 0) return { logits: ndarrayOf(new Float32Array(0), [0, words]) };
      const logits = rowsOf(outputOf(outputs, "logits"), row.start, row.end, words);
      return { logits: asked == null || row.isSelected ? logits : this.#picked(logits, asked) };
    };
    const results = await this.runRagged(batch, options, pick, positions ?? null);
    if (batch.labels == null) return results;
    return this.withLosses(results, async ({ logits }, sequence) => {
      const own = tokenLabelsAt(batch, sequence);
      const asked = positions?.[sequence];
      const data = asked === undefined ? own : Int32Array.from(asked, (position) => own[position]!);
      if (data.length === 0) return {};
      const labels = { data, shape: [data.length] };
      return this.loss([logits], logits.shape, (tensor) => maskedLMLoss(this.config, tensor!, { labels }));
    });
  }

  /** Rows of a sequence's logits, where a graph that others have made has decoded all. */
  #picked(logits: RaggedLogits["logits"], asked: ArrayLike<number>): RaggedLogits["logits"] {
    const { vocab_size: words } = this.config;
    const values = new Float32Array(asked.length * words);
    for (let i = 0; i < asked.length; i++) {
      values.set(logits.data.subarray(asked[i]! * words, (asked[i]! + 1) * words), i * words);
    }
    return ndarrayOf(values, [asked.length, words]);
  }
}
