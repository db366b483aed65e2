import { type AddedToken, type AddedTokenInput, makeAddedToken } from "./added-token.js";
import type { BatchEncoding, IntTensor } from "./batch-encoding.js";
import { type CallOptions, type ResolvedCall, resolveCall, type TextInput } from "./call-options.js";
import { Callable } from "./callable.js";
import { cleanUp } from "./decoder.js";
import { TokenizerError } from "./errors.js";
import { readInputs, type Samples } from "./inputs.js";
import type { ParallelOptions } from "./parallel/pool.js";
import type { Padding } from "./rows.js";
import type { SaveOptions, SaveState } from "./save.js";
import {
  camelCase,
  DEFAULT_SPECIAL_TOKENS,
  SPECIAL_TOKEN_NAMES,
  type SpecialTokenName,
  type SpecialTokenOptions,
  SpecialTokens,
} from "./special-tokens.js";
import type { Side } from "./truncation.js";

/** Options of a tokenizer under the reference's names, as in `tokenizer_config.json`. Others are kept for saving. */
export interface TokenizerOptions extends SpecialTokenOptions {
  /** Default true. */
  readonly do_lower_case?: boolean;
  /** Slow tokenizer only: split at punctuation and clean before WordPiece. Default true. */
  readonly do_basic_tokenize?: boolean;
  /** Slow tokenizer only: words that are taken as they are. */
  readonly never_split?: readonly string[] | null;
  /** Default true. */
  readonly tokenize_chinese_chars?: boolean;
  /** Default: whatever `do_lower_case` says. */
  readonly strip_accents?: boolean | null;
  readonly model_max_length?: number | null;
  /** Older name of `model_max_length`. */
  readonly max_len?: number | null;
  readonly padding_side?: Side;
  readonly truncation_side?: Side;
  /** Default true. */
  readonly clean_up_tokenization_spaces?: boolean;
  readonly split_special_tokens?: boolean;
  readonly model_input_names?: readonly string[];
  /** Tokens beside the vocabulary, by id. */
  readonly added_tokens_decoder?: Readonly<Record<string, AddedTokenInput>>;
  readonly [name: string]: unknown;
}

/** Of a call that only the ids of one text are wanted of. */
const IDS_ALONE: CallOptions = {
  return_tensors: false,
  return_overflowing_tokens: false,
  return_token_type_ids: false,
  return_attention_mask: false,
};

export interface DecodeOptions {
  readonly skip_special_tokens?: boolean;
  /** Default: the tokenizer's `cleanUpTokenizationSpaces`. */
  readonly clean_up_tokenization_spaces?: boolean | null;
  /** Slow tokenizer only. Default true. */
  readonly spaces_between_special_tokens?: boolean;
}

/** Token ids as a call returns them, or as a typed array. */
export type IdsInput = ArrayLike<number>;

/** Special tokens by role; setting one changes the role, not the vocabulary. */
export interface SpecialTokenProperties {
  bosToken: string | undefined;
  eosToken: string | undefined;
  unkToken: string | undefined;
  sepToken: string | undefined;
  padToken: string | undefined;
  clsToken: string | undefined;
  maskToken: string | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly maskTokenId: number | undefined;
}

type WithTensors = CallOptions & { readonly return_tensors: true };
type WithOverflow = CallOptions & { readonly return_overflowing_tokens: true; readonly return_tensors?: false };
type Single = CallOptions & { readonly return_overflowing_tokens?: false; readonly return_tensors?: false };
type Lists = CallOptions & { readonly return_tensors?: false };

export interface TokenizerBase extends SpecialTokenProperties {
  /** Encodes a text, a pair (with `text_pair`) or a batch. */
  (text: TextInput, options: WithTensors): BatchEncoding<IntTensor>;
  (text: string, options?: Single): BatchEncoding<number[]>;
  (text: TextInput, options: WithOverflow): BatchEncoding<number[][]>;
  (text: TextInput, options?: Lists): BatchEncoding<number[][]>;
  (text: TextInput, options?: CallOptions): BatchEncoding;
}

/** What both tokenizers have: special tokens, the call's options, decoding (the reference's `PreTrainedTokenizerBase`). */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the call comes from Callable, the properties from the loop below
export abstract class TokenizerBase extends Callable {
  /** The options given, for saving. */
  declare readonly options: TokenizerOptions;
  declare modelMaxLength: number;
  declare paddingSide: Side;
  declare truncationSide: Side;
  declare cleanUpTokenizationSpaces: boolean;
  declare splitSpecialTokens: boolean;
  /** Fields that the model takes, and a call returns by default. */
  declare modelInputNames: readonly string[];
  padTokenTypeId = 0;
  protected readonly specials = new SpecialTokens();

  constructor(options: TokenizerOptions) {
    super();
    this.options = options;
    this.modelMaxLength = options.model_max_length ?? options.max_len ?? 1e30;
    this.paddingSide = side("padding_side", options.padding_side);
    this.truncationSide = side("truncation_side", options.truncation_side);
    this.cleanUpTokenizationSpaces = options.clean_up_tokenization_spaces ?? true;
    this.splitSpecialTokens = options.split_special_tokens ?? false;
    this.modelInputNames = options.model_input_names ?? ["input_ids", "token_type_ids", "attention_mask"];
    const given: SpecialTokenOptions = { ...DEFAULT_SPECIAL_TOKENS, ...options };
    for (const name of SPECIAL_TOKEN_NAMES) {
      const token = given[name];
      if (token != null) this.specials.set(name, token);
    }
  }

  /** Size of the vocabulary without added tokens. */
  abstract get vocabSize(): number;
  /** Number of different tokens, added ones included: the reference's `len(tokenizer)`. */
  abstract get length(): number;
  abstract get isFast(): boolean;
  /** Token to id of the whole vocabulary, added tokens included. */
  abstract getVocab(): Map<string, number>;
  /** Added tokens by id. */
  abstract get addedTokensDecoder(): Map<number, AddedToken>;
  /** Adds tokens and says how many were not there so already. */
  protected abstract addTokenList(tokens: readonly AddedTokenInput[], special: boolean): number;
  protected abstract encodeSamples(inputs: Samples, call: ResolvedCall): BatchEncoding;
  protected abstract idOf(token: string): number | undefined;
  protected abstract tokenOf(id: number): string | undefined;
  protected abstract decodeIds(ids: readonly number[], options: DecodeOptions): string;
  /** Joins tokens into text. */
  abstract convertTokensToString(tokens: readonly string[]): string;
  /** The tokens of a text, special tokens left out unless asked for. */
  abstract tokenize(text: string, options?: CallOptions): string[];

  protected override call(text: TextInput, options: CallOptions = {}): BatchEncoding {
    const call = this.resolve(options);
    return this.encodeSamples(readInputs(text, options.text_pair, call), call);
  }

  protected resolve(options: CallOptions): ResolvedCall {
    return resolveCall(options, {
      modelMaxLength: this.modelMaxLength,
      hasPadToken: this.padTokenId !== undefined,
      padding_side: this.paddingSide,
      truncation_side: this.truncationSide,
      split_special_tokens: this.splitSpecialTokens,
    });
  }

  /**
   * The call on a batch, by worker threads where the batch is large enough for them to pay; otherwise, and where there
   * are none, like calling the tokenizer.
   */
  async encodeBatch(
    texts: TextInput,
    options: CallOptions = {},
    parallel: ParallelOptions = {},
  ): Promise<BatchEncoding> {
    const call = this.resolve(options);
    parallel.signal?.throwIfAborted();
    return this.encodeSamplesInParallel(readInputs(texts, options.text_pair, call), call, parallel);
  }

  /**
   * Batch after batch of a stream of texts, for more of them than fit into memory.
   * @param texts strings or [text, text_pair] lists, from an array, a generator or a stream.
   */
  async *stream(
    texts: Iterable<string | readonly [string, string]> | AsyncIterable<string | readonly [string, string]>,
    options: CallOptions = {},
    { batchSize = 64, signal }: { readonly batchSize?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<BatchEncoding> {
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

  /** The `input_ids` of one text or pair. */
  encode(text: string | readonly string[], options: CallOptions = {}): number[] {
    return this.call(text, { ...options, ...IDS_ALONE }).input_ids as number[];
  }

  /** The text of ids. */
  decode(ids: IdsInput | number, options: DecodeOptions = {}): string {
    const text = this.decodeIds(typeof ids === "number" ? [ids] : Array.from(ids, Number), options);
    return (options.clean_up_tokenization_spaces ?? this.cleanUpTokenizationSpaces) ? cleanUp(text) : text;
  }

  /** The text of each row: of lists, or of a tensor `{ data, shape }`. */
  batchDecode(rows: readonly IdsInput[] | IntTensor, options: DecodeOptions = {}): string[] {
    if (!("data" in rows)) return Array.from(rows, (row) => this.decode(row, options));
    const [count, length] = rows.shape;
    return Array.from({ length: count }, (_, i) =>
      this.decode(rows.data.subarray(i * length, (i + 1) * length), options),
    );
  }

  /** Ids of tokens; the unknown token's id for one that is not in the vocabulary. */
  convertTokensToIds(tokens: string): number;
  convertTokensToIds(tokens: readonly string[]): number[];
  convertTokensToIds(tokens: string | readonly string[]): number | number[] {
    if (typeof tokens !== "string") return tokens.map((token) => this.convertTokensToIds(token));
    const id = this.idOf(tokens) ?? this.unkTokenId;
    if (id !== undefined) return id;
    throw new TokenizerError(
      "missing-unknown-token",
      `${JSON.stringify(tokens)} is not in the vocabulary, and neither is the unk_token`,
      {
        token: tokens,
      },
    );
  }

  /** Tokens of ids; undefined for an id without a token (the unknown token from the slow tokenizer). */
  convertIdsToTokens(ids: number): string | undefined;
  convertIdsToTokens(ids: IdsInput, options?: Pick<DecodeOptions, "skip_special_tokens">): (string | undefined)[];
  convertIdsToTokens(ids: number | IdsInput, options: Pick<DecodeOptions, "skip_special_tokens"> = {}): unknown {
    if (typeof ids === "number") return this.tokenOf(ids);
    const skipped = new Set(options.skip_special_tokens ? this.allSpecialIds : []);
    return Array.from(ids, Number)
      .filter((id) => !skipped.has(id))
      .map((id) => this.tokenOf(id));
  }

  /** `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`. */
  buildInputsWithSpecialTokens(ids: readonly number[], pair?: readonly number[] | null): number[] {
    const [cls, sep] = [this.requireId("cls"), this.requireId("sep")];
    return pair ? [cls, ...ids, sep, ...pair, sep] : [cls, ...ids, sep];
  }

  /** 1 for each special token of what {@link buildInputsWithSpecialTokens} makes; or of ids that have them already. */
  getSpecialTokensMask(
    ids: readonly number[],
    pair?: readonly number[] | null,
    alreadyHasSpecialTokens = false,
  ): number[] {
    if (alreadyHasSpecialTokens) {
      if (pair) {
        throw new TokenizerError("invalid-input", "ids with special tokens in them take no second sequence");
      }
      const special = new Set(this.allSpecialIds);
      return ids.map((id) => (special.has(id) ? 1 : 0));
    }
    const none = (row: readonly number[]): number[] => row.map(() => 0);
    return pair ? [1, ...none(ids), 1, ...none(pair), 1] : [1, ...none(ids), 1];
  }

  /** 0 for the first sequence with its special tokens, 1 for the second. */
  createTokenTypeIdsFromSequences(ids: readonly number[], pair?: readonly number[] | null): number[] {
    const first = new Array<number>(ids.length + 2).fill(0);
    return pair ? [...first, ...new Array<number>(pair.length + 1).fill(1)] : first;
  }

  /** Number of special tokens that a call adds. */
  numSpecialTokensToAdd(pair = false): number {
    return pair ? 3 : 2;
  }

  get maxLenSingleSentence(): number {
    return this.modelMaxLength - this.numSpecialTokensToAdd(false);
  }

  get maxLenSentencesPair(): number {
    return this.modelMaxLength - this.numSpecialTokensToAdd(true);
  }

  /** Adds tokens to the vocabulary; `special` ones are left out by `decode` with `skip_special_tokens`. */
  addTokens(
    tokens: AddedTokenInput | readonly AddedTokenInput[],
    options: { readonly special?: boolean } = {},
  ): number {
    return this.addTokenList(Array.isArray(tokens) ? tokens : [tokens], options.special ?? false);
  }

  /** Gives special tokens their roles, further additional ones included, and adds them to the vocabulary. */
  addSpecialTokens(tokens: SpecialTokenOptions): number {
    const added: AddedToken[] = [];
    for (const [name, given] of Object.entries(tokens)) {
      if (given == null) continue;
      if (name === "additional_special_tokens") {
        const known = new Set(this.additionalSpecialTokens);
        for (const token of (given as readonly AddedTokenInput[]).map(strippingToken)) {
          if (known.has(token.content)) continue;
          this.specials.additional.push(token);
          added.push(token);
        }
      } else {
        if (!SPECIAL_TOKEN_NAMES.includes(name as SpecialTokenName)) {
          throw new TokenizerError("invalid-option", `Key ${name} is not a special token`, { name });
        }
        const token = strippingToken(given as AddedTokenInput);
        this.specials.named.set(name as SpecialTokenName, token);
        added.push(token);
      }
    }
    return this.addTokenList(added, true);
  }

  get additionalSpecialTokens(): string[] {
    return this.specials.additional.map((token) => token.content);
  }

  get additionalSpecialTokensIds(): number[] {
    return this.convertTokensToIds(this.additionalSpecialTokens);
  }

  get allSpecialTokens(): string[] {
    return this.specials.all.map((token) => token.content);
  }

  get allSpecialIds(): number[] {
    return this.convertTokensToIds(this.allSpecialTokens);
  }

  /** Special tokens by role, as in `special_tokens_map.json`. */
  get specialTokensMap(): Record<string, string | string[]> {
    return this.specials.map;
  }

  /** Added tokens with their ids. */
  getAddedVocab(): Map<string, number> {
    return new Map([...this.addedTokensDecoder].map(([id, token]) => [token.content, id]));
  }

  /**
   * The files of this tokenizer by name, as `savePretrained` writes them, for places without folders.
   * Loading them gives the same ids, also where the vocabulary has holes.
   */
  async toFiles(options: SaveOptions = {}): Promise<Record<string, string>> {
    const { tokenizerFiles } = await import("./save.js");
    return tokenizerFiles(this, this.saveState(), options);
  }

  /** Writes the tokenizer's files into a folder. @returns their paths. */
  async savePretrained(directory: string, options: SaveOptions = {}): Promise<string[]> {
    const { writeFiles } = await import("./save.js");
    return writeFiles(directory, await this.toFiles(options));
  }

  /** Writes `vocab.txt` alone into a folder. @returns its path. */
  async saveVocabulary(directory: string, filenamePrefix?: string): Promise<string[]> {
    const { vocabularyText, writeFiles } = await import("./save.js");
    const name = filenamePrefix ? `${filenamePrefix}-vocab.txt` : "vocab.txt";
    return writeFiles(directory, { [name]: vocabularyText(this.saveState().vocabulary) });
  }

  protected abstract saveState(): SaveState;

  protected get padding(): Padding {
    return { id: this.padTokenId ?? 0, typeId: this.padTokenTypeId, token: this.padToken ?? "" };
  }

  protected requireId(role: "cls" | "sep" | "pad"): number {
    const id = this[`${role}TokenId`];
    if (id !== undefined) return id;
    throw new TokenizerError("missing-token", `the tokenizer has no ${role}_token in its vocabulary`, { role });
  }
}

for (const name of SPECIAL_TOKEN_NAMES) {
  const property = camelCase(name);
  Object.defineProperties(TokenizerBase.prototype, {
    [property]: {
      get(this: TokenizerBase): string | undefined {
        return this["specials"].named.get(name)?.content;
      },
      set(this: TokenizerBase, token: AddedTokenInput | undefined) {
        if (token === undefined) this["specials"].named.delete(name);
        else this["specials"].set(name, token);
      },
    },
    [`${property}Id`]: {
      get(this: TokenizerBase): number | undefined {
        const token = this["specials"].named.get(name);
        return token && this["idOf"](token.content);
      },
    },
  });
}

/** A special token as the reference has it for old times' sake: strings take in the white space around them. */
export function strippingToken(token: AddedTokenInput): AddedToken {
  return typeof token === "string"
    ? makeAddedToken({ content: token, special: true, lstrip: true, rstrip: true })
    : makeAddedToken({ ...token, special: true });
}

function side(name: string, value: Side = "right"): Side {
  if (value === "right" || value === "left") return value;
  throw new TokenizerError("invalid-option", `${name} should be 'right' or 'left', current value: ${String(value)}`, {
    [name]: value,
  });
}
