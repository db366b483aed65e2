import type { WriteDestination } from "@convbert/files";
import type { BatchEncoding, IntTensor } from "./batch-encoding.js";
import { CALL_DEFAULTS, type CallOptions, type ResolvedCall, type TextInput } from "./call-options.js";
import { checkNames, describe, invalidOption, TokenizerError } from "./errors.js";
import type { IdsInput } from "./ids.js";
import { readInputs, type Samples } from "./inputs.js";
import type { ParallelOptions } from "./parallel/pool.js";
import type { SaveOptions, SaveState } from "./save.js";
import {
  DEFAULT_SPECIAL_TOKENS,
  fillNormalized,
  SPECIAL_TOKEN_NAMES,
  type SpecialTokenOptions,
} from "./special-tokens.js";
import { TokenizerIds } from "./tokenizer-ids.js";
import { checkTokenizerOptions, readSide, type TokenizerOptions } from "./tokenizer-options.js";

export type { TokenizerOptions } from "./tokenizer-options.js";

/** Of a call that only the ids of one text are wanted of. */
const IDS_ALONE: CallOptions = {
  return_tensors: false,
  return_overflowing_tokens: false,
  return_token_type_ids: false,
  return_attention_mask: false,
};

/** Options of `encode`: those of a call, and ids as a second sequence. */
export type EncodeTextOptions = Omit<CallOptions, "text_pair"> & {
  readonly text_pair?: CallOptions["text_pair"] | IdsInput;
};

type WithTensors = CallOptions & { readonly return_tensors: true };
type WithOverflow = CallOptions & { readonly return_overflowing_tokens: true; readonly return_tensors?: false };
type Single = CallOptions & { readonly return_overflowing_tokens?: false; readonly return_tensors?: false };
type Lists = CallOptions & { readonly return_tensors?: false };

export interface TokenizerBase {
  /**
   * Encodes a text, a pair (with `text_pair`) or a batch.
   * @param text a text; a list of texts or of [text, text_pair] lists; with `is_split_into_words` lists of words for texts.
   * @param options of the call, under the reference's names.
   * @returns fields by the reference's names: a list of ids for one text, lists for a batch, `{ data, shape: [rows, length] }`
   * with `return_tensors`.
   * @throws TokenizerError `invalid-input` for what is no text, `invalid-option`, `truncation` where a strategy cannot be
   * kept to, `missing-token` to pad without a padding token, `ragged` where rows of different lengths are to be a tensor.
   */
  (text: TextInput, options: WithTensors): BatchEncoding<IntTensor>;
  (text: string, options?: Single): BatchEncoding<number[]>;
  (text: TextInput, options: WithOverflow): BatchEncoding<number[][]>;
  (text: TextInput, options?: Lists): BatchEncoding<number[][]>;
  (text: TextInput, options?: CallOptions): BatchEncoding;
}

/** What both tokenizers have: the call, its variants and saving (the reference's `PreTrainedTokenizerBase`). */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the call comes from Callable
export abstract class TokenizerBase extends TokenizerIds {
  /** The options given, for saving. */
  declare readonly options: TokenizerOptions;

  constructor(options: TokenizerOptions) {
    super();
    checkTokenizerOptions(options);
    this.options = options;
    this.modelMaxLength = options.model_max_length ?? options.max_len ?? 1e30;
    this.paddingSide = readSide("padding_side", options.padding_side);
    this.truncationSide = readSide("truncation_side", options.truncation_side);
    this.cleanUpTokenizationSpaces = options.clean_up_tokenization_spaces ?? true;
    this.splitSpecialTokens = options.split_special_tokens ?? false;
    this.modelInputNames = options.model_input_names ?? ["input_ids", "token_type_ids", "attention_mask"];
    // A getter of the class, no field.
    const { isFast } = this as TokenizerBase;
    const given: SpecialTokenOptions = { ...DEFAULT_SPECIAL_TOKENS, ...options };
    for (const name of SPECIAL_TOKEN_NAMES) {
      const token = given[name];
      if (token != null) this.specials.set(name, fillNormalized(token, isFast));
    }
  }

  /** Size of the vocabulary without added tokens. */
  abstract get vocabSize(): number;
  /**
   * One more than the highest id, added tokens included: as many embeddings as a model needs for this tokenizer. Where ids
   * have no gaps, the reference's `len(tokenizer)`.
   */
  abstract get length(): number;
  /** @returns token to id of the whole vocabulary, added tokens included. */
  abstract getVocab(): Map<string, number>;
  protected abstract encodeSamples(inputs: Samples, call: ResolvedCall): BatchEncoding;
  /**
   * The tokens of a text, special tokens left out unless asked for (`add_special_tokens`, fast tokenizer only).
   * @throws TokenizerError `invalid-input` for what is no text, `invalid-option`.
   */
  abstract tokenize(text: string, options?: CallOptions): string[];

  protected override call(text: TextInput, options: CallOptions = {}): BatchEncoding {
    const call = this.resolve(options);
    return this.encodeSamples(readInputs(text, options.text_pair, call), call);
  }

  /**
   * The `input_ids` of one text or pair, with special tokens.
   * @param text a text; a pair of texts (the slow tokenizer takes a list for tokens, as in the reference); words, with
   * `is_split_into_words`; or token ids, whose second sequence is `text_pair` as well.
   * @throws TokenizerError `invalid-input` for anything else, `invalid-option`.
   */
  encode(text: string | readonly string[] | IdsInput, options: EncodeTextOptions = {}): number[] {
    if (typeof options === "object" && options && (typeof text === "string" || options.is_split_into_words))
      return this.call(text as string, { ...(options as CallOptions), ...IDS_ALONE }).input_ids as number[];
    checkNames(options, CALL_DEFAULTS);
    const { text_pair, ...others } = options;
    const call = { ...others, ...IDS_ALONE };
    if (this.isFast && Array.isArray(text) && typeof text[0] === "string") {
      if (text.length !== 2 || text_pair != null)
        throw new TokenizerError("invalid-input", `tokenizer: text is ${describe(text)}; expected a text or a pair`);
      return this.call(text[0], { ...call, text_pair: text[1] }).input_ids as number[];
    }
    const idsOf = (sequence: string | readonly string[] | IdsInput): IdsInput => {
      if (typeof sequence === "string") return this.convertTokensToIds(this.tokenize(sequence));
      const isTokens = Array.isArray(sequence) && typeof sequence[0] === "string";
      return isTokens ? this.convertTokensToIds(sequence as string[]) : (sequence as IdsInput);
    };
    if ((text as ArrayLike<unknown> | null)?.length === 0)
      throw new TokenizerError("invalid-input", "tokenizer: text is an empty list; expected a text or ids");
    return this.prepareForModel(idsOf(text), text_pair == null ? null : idsOf(text_pair as IdsInput), call)
      .input_ids as number[];
  }

  /**
   * The call on a batch, by worker threads where the batch is large enough for them to pay; otherwise, and where there
   * are none, like calling the tokenizer.
   * @param texts what a call takes. @param options of a call. @param parallel how many threads, and when.
   * @returns what the call returns.
   * @throws what the call throws, and the reason of an aborted signal.
   */
  async encodeBatch(
    texts: TextInput,
    options: CallOptions = {},
    parallel: ParallelOptions = {},
  ): Promise<BatchEncoding> {
    if (typeof parallel !== "object" || parallel === null)
      throw new TokenizerError("invalid-option", `tokenizer: parallel is ${describe(parallel)}; expected an object`);
    const call = this.resolve(options);
    parallel.signal?.throwIfAborted();
    return this.encodeSamplesInParallel(readInputs(texts, options.text_pair, call), call, parallel);
  }

  /**
   * Batch after batch of a stream of texts, for more of them than fit into memory.
   * @param texts strings or [text, text_pair] lists, from an array, a generator or a stream.
   * @param options of a call. @param stream how many texts a batch has (default 64), and a signal that ends it.
   * @throws what a call throws, `invalid-input` for texts that nothing comes out of, and the reason of an aborted signal.
   */
  async *stream(
    texts: Iterable<string | readonly [string, string]> | AsyncIterable<string | readonly [string, string]>,
    options: CallOptions = {},
    { batchSize = 64, signal }: { readonly batchSize?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<BatchEncoding> {
    if (typeof texts !== "object" || !texts || !(Symbol.iterator in texts || Symbol.asyncIterator in texts))
      throw new TokenizerError(
        "invalid-input",
        `tokenizer: texts is ${describe(texts)}; expected a list or stream of texts`,
      );
    if (!Number.isSafeInteger(batchSize) || batchSize < 1)
      throw invalidOption("batchSize", `${describe(batchSize)}; expected a whole number from 1 on`);
    let batch: (string | readonly [string, string])[] = [];
    for await (const text of texts) {
      signal?.throwIfAborted();
      if (batch.push(text) < batchSize) continue;
      yield this.call(batch, options);
      batch = [];
    }
    if (batch.length > 0) yield this.call(batch, options);
  }

  // The slow tokenizer knows no other way.
  protected async encodeSamplesInParallel(
    inputs: Samples,
    call: ResolvedCall,
    _options: ParallelOptions,
  ): Promise<BatchEncoding> {
    return this.encodeSamples(inputs, call);
  }

  /**
   * The files of this tokenizer by name, as `savePretrained` writes them, for places without folders.
   * Loading them gives the same ids, also where the vocabulary has holes.
   * @throws TokenizerError `unsupported` for tokens that no `vocab.txt` can hold.
   */
  async toFiles(options: SaveOptions = {}): Promise<Record<string, string>> {
    const { tokenizerFiles } = await import("./save.js");
    return tokenizerFiles(this, this.saveState(), options);
  }

  /**
   * Writes the tokenizer's files into a folder, which is made where it is missing. Until all of them are on disk, those
   * of an earlier save stay as they are.
   * @param destination a path or file URL; in a browser a folder's handle, or a Map that gets a Blob for each file.
   * @returns their paths; names, where the destination is no path.
   * @throws TokenizerError `invalid-input` for what is no destination; FilesError `io` when the disk refuses,
   *   `invalid-source` for a path where there are no folders.
   */
  async savePretrained(destination: WriteDestination, options: SaveOptions = {}): Promise<string[]> {
    checkDestination(destination);
    const { saveFiles } = await import("./save.js");
    return saveFiles(destination, await this.toFiles(options));
  }

  /** Writes `vocab.txt` alone into a folder. @returns its path. @throws as {@link savePretrained}. */
  async saveVocabulary(destination: WriteDestination, filenamePrefix?: string): Promise<string[]> {
    checkDestination(destination);
    const { vocabularyText, saveFiles } = await import("./save.js");
    const name = filenamePrefix ? `${filenamePrefix}-vocab.txt` : "vocab.txt";
    return saveFiles(destination, { [name]: vocabularyText(this.saveState().vocabulary) });
  }

  protected abstract saveState(): SaveState;
}

function checkDestination(destination: unknown): void {
  const { kind } = (destination ?? {}) as { kind?: unknown };
  if (typeof destination === "string" && destination) return;
  if (destination instanceof URL || destination instanceof Map || kind === "directory") return;
  const shown = describe(destination);
  throw new TokenizerError("invalid-input", `tokenizer: directory is ${shown}; expected a path, a folder or a Map`);
}
