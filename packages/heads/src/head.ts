import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  ConvBertModel,
  checkArguments,
  type Encoded,
  type FloatArray,
  type ForwardOptions,
  type PreparedInputs,
  PreTrainedModel,
  prepareInputs,
  type Scope,
} from "@convbert/model";
import { tidy } from "@convbert/tensor";

/** A ConvBERT with a head on top; weights of the encoder are named "convbert.…", as in the reference. */
export abstract class ConvBertWithHead extends PreTrainedModel {
  readonly convbert: ConvBertModel;
  /** Arguments of `forward` besides those of every model. */
  protected abstract readonly ownArguments: readonly string[];

  /** @internal Use `fromPretrained` or `fromConfig`. `packedWords`: the head multiplies by the word embeddings. */
  constructor(config: ConvBertConfig, root: Scope, { packedWords = false }: { packedWords?: boolean } = {}) {
    super(config, root);
    this.convbert = new ConvBertModel(config, root, { scope: root.scope("convbert"), packedWords });
  }

  /** A copy of the word embeddings, `[vocab_size, embedding_size]`. */
  getInputEmbeddings(): FloatArray {
    return this.convbert.getInputEmbeddings();
  }

  /** See {@link ConvBertModel.setInputEmbeddings}. */
  setInputEmbeddings(embeddings: ArrayInput): void {
    this.convbert.setInputEmbeddings(embeddings);
    this.config = this.convbert.config;
  }

  /** See {@link ConvBertModel.resizeTokenEmbeddings}. */
  resizeTokenEmbeddings(rows: number, options: { padToMultipleOf?: number; seed?: number } = {}): number {
    const size = this.convbert.resizeTokenEmbeddings(rows, options);
    this.config = this.convbert.config;
    return size;
  }

  /** See {@link ConvBertModel.pruneHeads}. */
  pruneHeads(heads: Readonly<Record<number, readonly number[]>>): void {
    this.convbert.pruneHeads(heads);
    this.config = this.convbert.config;
  }

  /**
   * Checks the arguments, runs the encoder, then `head` in a scope that frees what it makes; its result holds copies and
   * numbers only. `head` gets the encoder's output in the kernels' memory.
   */
  protected async run<Output>(
    inputs: ConvBertInputs,
    options: ForwardOptions,
    head: (encoded: Encoded, prepared: PreparedInputs) => Output,
  ): Promise<Output> {
    checkArguments(inputs, this.modelName, this.ownArguments);
    const prepared = prepareInputs(inputs, this.config);
    const encoded = await this.convbert.encode(prepared, options);
    try {
      this.assertUsable();
      return tidy(() => head(encoded, prepared));
    } finally {
      encoded[Symbol.dispose]();
    }
  }
}
