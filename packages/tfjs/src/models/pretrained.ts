import type { ModelSource, WriteDestination } from "@convbert/files";
import { ConvBertConfig, type ConvBertConfigInit, InputError, type LoadReport } from "@convbert/model";
import { BASE_MODEL } from "@convbert/model/internal";
import { loadCheckpoint, saveModel } from "@convbert/nn/internal";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { type ConfigInput, savedConfig } from "../config.js";
import {
  type FirstInput,
  type NamedInputs,
  namedInputs,
  type PreparedTensors,
  prepareTensors,
  type Signature,
  type TFConvBertInputs,
} from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import type { TFConvBertMainLayer } from "../layers/main.js";
import { loadWeights, namedWeights } from "../weights.js";
import type { Graph, ModelOptions } from "./graph.js";
import { KerasModel } from "./keras.js";
import type { TFFromConfigOptions, TFFromPretrainedOptions, TFSavePretrainedOptions } from "./pretrained-options.js";

/** One of the six classes. */
export interface TFModelClass<Model extends TFConvBertPreTrainedModel> {
  readonly prototype: Model;
  /** The reference's name of the class; a minifier changes `name`, never this. */
  readonly className: string;
}

/** What a class is for this file: constructors are not for users. */
type Constructor<Model> = new (config: ConfigInput, options?: ModelOptions) => Model;

/** What the six models have: loading, saving, and a forward pass that gives everything (`TFPreTrainedModel`). */
export abstract class TFConvBertPreTrainedModel<
  Inputs extends TFConvBertInputs = TFConvBertInputs,
  Output extends object = object,
> extends KerasModel<Inputs> {
  static override readonly className: string = "TFConvBertPreTrainedModel";
  /** Embeddings and encoder; `trainable = false` freezes them. */
  readonly convbert: TFConvBertMainLayer;
  #config: ConvBertConfig;
  #loadReport: LoadReport | null = null;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(graph: Graph) {
    super({ inputs: graph.inputs, outputs: graph.outputs, ...(graph.name !== undefined && { name: graph.name }) });
    this.#config = graph.config;
    this.convbert = graph.convbert;
  }

  get config(): ConvBertConfig {
    return this.#config;
  }

  /** What the checkpoint lacked or had too much; null for a model that was not loaded. */
  get loadReport(): LoadReport | null {
    return this.#loadReport;
  }

  /** The reference's outputs of the head, by name and in order. */
  protected abstract headOutputs(
    encoded: EncoderResult,
    prepared: PreparedTensors,
    training: boolean,
  ): Record<string, tf.Tensor>;

  /** The loss as `forward` gives it: with `tf_legacy_loss` that of each token. */
  protected reportedLoss(labels: tf.Tensor[], outputs: tf.Tensor[]): tf.Tensor | null {
    return this.ownLoss(labels, outputs);
  }

  /** Names of the labels. */
  protected get labelNames(): readonly string[] {
    return ["labels"];
  }

  protected get inputRank(): number {
    return 2;
  }

  override get signature(): Signature {
    return { modelName: this.getClassName(), rank: this.inputRank, labels: this.labelNames };
  }

  protected override prepare(named: NamedInputs): PreparedTensors {
    return prepareTensors(named, this.#config, this.signature);
  }

  /**
   * The reference's `call`: runs the model, with a loss where labels are given, not reduced. The tensors that it gives
   * are the caller's.
   * @param inputs an object of arguments; `input_ids`; or a list in the order of the signature (`[input_ids]`,
   * `[input_ids, attention_mask]` ...).
   * @param keywords arguments by name besides those.
   * @returns the outputs by name, or with `return_dict: false` in a list, those that are there.
   * @throws InputError with the name of an argument that does not fit.
   */
  forward(inputs: FirstInput<Inputs>, keywords: Inputs & { readonly return_dict: false }): (tf.Tensor | tf.Tensor[])[];
  forward(inputs: FirstInput<Inputs> | null, keywords?: Inputs): Output;
  forward(inputs: FirstInput<Inputs> | null, keywords: object = {}): Output | (tf.Tensor | tf.Tensor[])[] {
    const named = namedInputs(inputs, keywords, this.signature);
    const { return_dict, training } = named as TFConvBertInputs;
    const outputs = tf.tidy(() => this.#run(named, training ?? false));
    const isObject = return_dict ?? this.#config.extra["return_dict"] ?? true;
    return isObject ? (outputs as unknown as Output) : Object.values(outputs);
  }

  #run(named: NamedInputs, training: boolean): Record<string, tf.Tensor | tf.Tensor[]> {
    const { output_attentions, output_hidden_states } = named as TFConvBertInputs;
    const prepared = this.prepare(named);
    const flat = (x: tf.Tensor | null, kept = 1) => x && tf.reshape(x, [-1, ...x.shape.slice(x.rank - kept)]);
    const encoded = this.convbert.run(
      {
        words: prepared.ids === null ? flat(prepared.embeds, 2)! : flat(prepared.ids)!,
        mask: flat(prepared.mask),
        types: flat(prepared.types),
        positions: flat(prepared.positions),
      },
      {
        training,
        hiddenStates: output_hidden_states ?? this.#config.output_hidden_states,
        attentions: output_attentions ?? this.#config.output_attentions,
      },
    );
    const own = this.headOutputs(encoded, prepared, training);
    const labels = this.labelTensors(named, prepared);
    const loss = labels === null ? null : this.reportedLoss(labels, Object.values(own));
    return {
      ...(loss !== null && { loss }),
      ...own,
      ...(encoded.hiddenStates !== null && { hidden_states: encoded.hiddenStates }),
      ...(encoded.attentions !== null && { attentions: encoded.attentions }),
    };
  }

  protected override predictOutside(named: NamedInputs, batchSize: number): tf.Tensor | tf.Tensor[] {
    const switches = { output_attentions: false, output_hidden_states: false };
    const results = tf.tidy(() => {
      const { embeds, mask, types, positions } = this.prepare(named);
      const rows = embeds!.shape[0]!;
      const batches: tf.Tensor[][] = [];
      for (let start = 0; start < rows; start += batchSize) {
        const part = (x: tf.Tensor | null) => x && tf.slice(x, start, Math.min(batchSize, rows - start));
        const batch = {
          inputs_embeds: part(embeds),
          attention_mask: part(mask),
          token_type_ids: part(types),
          position_ids: part(positions),
        };
        batches.push(Object.values(tf.tidy(() => this.#run({ ...batch, ...switches }, false))) as tf.Tensor[]);
      }
      return batches[0]!.map((_, index) => tf.concat(batches.map((batch) => batch[index]!)));
    });
    return results.length === 1 ? results[0]! : results;
  }

  /**
   * Loads a model from a folder, a URL, a hub id, or files in memory, whatever the format of its weights (PyTorch's too,
   * the reference's `from_pt`); a LoRA adapter is merged into its base model. A checkpoint that lacks weights is refused,
   * because the model would answer at random; to train a new head on an encoder, ask for it with `allowNewHead`.
   * @throws MissingWeightsError for a checkpoint without weights that nobody has asked to draw; FilesError, WeightsError,
   * ConfigError or CheckpointError; the signal's reason when it aborts.
   */
  static async fromPretrained<Model extends TFConvBertPreTrainedModel>(
    this: TFModelClass<Model>,
    source: ModelSource,
    options: TFFromPretrainedOptions = {},
  ): Promise<Model> {
    const kind = { modelName: this.className.slice(2), baseModel: BASE_MODEL, configClass: ConvBertConfig };
    return loadCheckpoint<Model, ConvBertConfig, ConvBertConfigInit>(kind, source, options, {
      make: (config, { room }) => {
        const { seed, name, allowNewHead, allowNewWeights, ignoreMismatchedSizes } = options;
        const zeros = !(allowNewHead || allowNewWeights || ignoreMismatchedSizes);
        return new (this as unknown as Constructor<Model>)(config, { room, seed, zeros, name });
      },
      fill: async (model, checkpoint) => {
        const { config, weights } = model;
        model.reportLoad(await loadWeights({ modelName: kind.modelName, config, weights }, checkpoint, options.signal));
      },
    });
  }

  /** A new model with the reference's initialisation; the same seed gives the same weights. */
  static override fromConfig<Model extends TFConvBertPreTrainedModel>(
    this: TFModelClass<Model>,
    config: ConvBertConfig | ConvBertConfigInit,
    options?: TFFromConfigOptions,
  ): Model;
  /** How TensorFlow.js makes a model from its JSON. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
    customObjects?: tf.serialization.ConfigDict,
    fastWeightInit?: boolean,
  ): T;
  static override fromConfig(...args: unknown[]): unknown {
    const [first, second] = args;
    if (typeof first === "function") {
      const Model = first as unknown as Constructor<TFConvBertPreTrainedModel>;
      const { config, name } = second as { config: ConfigInput; name: string };
      return new Model(config, { name, zeros: args[3] === true });
    }
    const Model = this as unknown as Constructor<TFConvBertPreTrainedModel>;
    return new Model(first as ConfigInput, second as TFFromConfigOptions | undefined);
  }

  /** Not for users. */
  reportLoad(report: LoadReport): void {
    this.#loadReport = report;
  }

  /**
   * Writes `config.json` and the weights as the reference's TensorFlow models do: its Python classes and this package's
   * load them, with "safetensors" those of PyTorch and of `@convbert/heads` too. Files appear complete or not at all.
   * @throws FilesError when the destination cannot be written; InputError for a format that is not written.
   */
  async savePretrained(destination: WriteDestination, options: TFSavePretrainedOptions = {}): Promise<void> {
    const owner = { modelName: this.getClassName().slice(2), config: this.#config, weights: this.weights };
    await saveModel(destination, owner, "float32", namedWeights(owner), { format: "tensorflow", ...options });
  }

  /** The table of the word embeddings, `[vocab_size, embedding_size]`; its `read()` gives the tensor, which stays the model's. */
  getInputEmbeddings(): LayerVariable {
    return this.convbert.embeddings.words;
  }

  /**
   * Gives the word embeddings another number of rows; kept rows stay, new ones are drawn. A compiled model has to be
   * compiled again, because its optimizer knows the old table.
   * @returns the number of rows.
   * @throws InputError for what is no number of rows.
   */
  resizeTokenEmbeddings(rows: number, options: { readonly seed?: number } = {}): number {
    if (!(Number.isInteger(rows) && rows > 0 && rows <= 2 ** 24)) {
      throw new InputError("rows", `${rows} is no number of rows`);
    }
    if (rows !== this.#config.vocab_size) {
      this.resizeVocabulary(rows, options.seed);
    }
    return rows;
  }

  /** Changes everything that has a row for each word. */
  protected resizeVocabulary(rows: number, seed: number | undefined): void {
    const { embedding_size: columns, initializer_range: deviation } = this.#config;
    const old = this.convbert.embeddings.words.read();
    const table = tf.tidy(() => {
      const kept = tf.slice(old, [0, 0], [Math.min(rows, old.shape[0]!), columns]);
      const added = rows - kept.shape[0]!;
      return added === 0
        ? kept
        : tf.concat([kept, tf.truncatedNormal([added, columns], 0, deviation, "float32", seed)]);
    });
    this.convbert.embeddings.replaceWords(table);
    table.dispose();
    this.#config = this.#config.with({
      vocab_size: rows,
      ...(this.#config.pad_token_id !== null && this.#config.pad_token_id >= rows && { pad_token_id: null }),
    });
    for (const layer of this.layers) {
      if ("config" in layer) {
        layer.config = this.#config;
      }
    }
    if (this.optimizer != null) {
      if (this.isOptimizerOwned) {
        this.optimizer.dispose();
      }
      this.optimizer_ = undefined as never;
    }
  }

  /** The configuration and the name: the graph follows from them. */
  override getConfig(): tf.serialization.ConfigDict {
    return { name: this.name, config: savedConfig(this.#config) };
  }
}
