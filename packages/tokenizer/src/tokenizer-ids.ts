import { BatchEncoding } from "./batch-encoding.js";
import { type CallOptions, type ResolvedCall, resolveCall } from "./call-options.js";
import { cleanUp } from "./decoder.js";
import { checkNames, describe, invalidOption, TokenizerError } from "./errors.js";
import { type IdsInput, readIds, readRows } from "./ids.js";
import { type EncodedInput, PAD_OPTIONS, type PadOptions, padFields, readEncodings } from "./pad.js";
import type { Padding } from "./rows.js";
import { encodeSlow, type SampleIds } from "./slow/rows.js";
import { truncateIds } from "./slow/truncate-ids.js";
import { SpecialTokensBase } from "./special-tokens-base.js";
import { bertTemplate } from "./template.js";
import type { Side, TruncationStrategy } from "./truncation.js";

/** How ids become text. */
export interface DecodeOptions {
  /** Leave special tokens out. Default false. */
  readonly skip_special_tokens?: boolean;
  /** Default: the tokenizer's `cleanUpTokenizationSpaces`. */
  readonly clean_up_tokenization_spaces?: boolean | null;
  /** Slow tokenizer only. Default true. */
  readonly spaces_between_special_tokens?: boolean;
}

const DECODE_OPTIONS = {
  skip_special_tokens: 0,
  clean_up_tokenization_spaces: 0,
  spaces_between_special_tokens: 0,
};

/** How `truncateSequences` truncates. */
export interface TruncateOptions {
  /** Default 0. */
  readonly num_tokens_to_remove?: number;
  /** Default "longest_first". */
  readonly truncation_strategy?: TruncationStrategy;
  /** Tokens beside the cut that the overflowing ones repeat. Default 0. */
  readonly stride?: number;
}

/** Options of a call that ids have no use for. */
type OfText = "text_pair" | "is_split_into_words" | "return_offsets_mapping" | "offset_unit" | "split_special_tokens";

/** Options of `prepareForModel`: those of a call. */
export type PrepareOptions = Omit<CallOptions, OfText>;

/** What tokenizers do with ids: back to text, and into the rows that a model takes. */
export abstract class TokenizerIds extends SpecialTokensBase {
  declare modelMaxLength: number;
  /** Side on which shorter rows are filled up. */
  declare paddingSide: Side;
  /** Side at which longer rows are cut. */
  declare truncationSide: Side;
  /** Whether `decode` takes away the spaces before English punctuation. */
  declare cleanUpTokenizationSpaces: boolean;
  declare splitSpecialTokens: boolean;
  /** Fields that the model takes, and a call returns by default. The first one is the ids. */
  declare modelInputNames: readonly string[];
  /** Token type of padding. */
  padTokenTypeId = 0;
  #hasWarned = false;

  protected abstract decodeIds(ids: readonly number[], options: DecodeOptions): string;
  protected abstract joinTokens(tokens: readonly string[]): string;

  /**
   * The text of ids.
   * @param ids a list, a typed array, one row of a tensor or ndarray, or a single id.
   * @throws TokenizerError `invalid-input` for anything else, such as a string, several rows, or a number that is no id.
   */
  decode(ids: IdsInput | number | bigint, options: DecodeOptions = {}): string {
    checkNames(options, DECODE_OPTIONS);
    const text = this.decodeIds(readIds(ids, this.isFast), options);
    return (options.clean_up_tokenization_spaces ?? this.cleanUpTokenizationSpaces) ? cleanUp(text) : text;
  }

  /**
   * The text of each row.
   * @param rows lists, or the rows of a tensor or ndarray. Of a single list every id is a row.
   * @throws TokenizerError `invalid-input` for what holds no ids.
   */
  batchDecode(rows: readonly (IdsInput | number | bigint)[] | IdsInput, options: DecodeOptions = {}): string[] {
    return readRows(rows).map((row) => this.decode(row as IdsInput, options));
  }

  /**
   * Tokens of ids; undefined for an id without a token (the unknown token from the slow tokenizer).
   * @param ids one id, or what {@link decode} takes.
   * @param options `skip_special_tokens` leaves those out of a list.
   * @throws TokenizerError `invalid-input` for what is no id.
   */
  convertIdsToTokens(ids: number | bigint): string | undefined;
  convertIdsToTokens(ids: IdsInput, options?: Pick<DecodeOptions, "skip_special_tokens">): (string | undefined)[];
  convertIdsToTokens(
    ids: number | bigint | IdsInput,
    options: Pick<DecodeOptions, "skip_special_tokens"> = {},
  ): unknown {
    checkNames(options, DECODE_OPTIONS);
    const list = readIds(ids, this.isFast);
    if (typeof ids === "number" || typeof ids === "bigint") return this.tokenOf(list[0]!);
    const skipped = new Set(options.skip_special_tokens ? this.allSpecialIds : []);
    return list.filter((id) => !skipped.has(id)).map((id) => this.tokenOf(id));
  }

  /**
   * Joins tokens into text.
   * @throws TokenizerError `invalid-input` for what is no list of tokens.
   */
  convertTokensToString(tokens: readonly string[]): string {
    if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === "string"))
      throw new TokenizerError("invalid-input", `tokenizer: got ${describe(tokens)}; expected a list of tokens`);
    return this.joinTokens(tokens);
  }

  /** `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`. @throws TokenizerError `missing-token` without those tokens. */
  buildInputsWithSpecialTokens(ids: IdsInput, pair?: IdsInput | null): number[] {
    const [a, b] = this.#readPair(ids, pair);
    const [cls, sep] = [this.requireId("cls"), this.requireId("sep")];
    return b ? [cls, ...a, sep, ...b, sep] : [cls, ...a, sep];
  }

  /**
   * 1 for each special token of what {@link buildInputsWithSpecialTokens} makes; or of ids that have them already.
   * @throws TokenizerError `invalid-input` for a second sequence beside ids that have special tokens in them.
   */
  getSpecialTokensMask(ids: IdsInput, pair?: IdsInput | null, alreadyHasSpecialTokens = false): number[] {
    const [a, b] = this.#readPair(ids, pair);
    if (alreadyHasSpecialTokens) {
      if (b) throw new TokenizerError("invalid-input", "ids with special tokens in them take no second sequence");
      const special = new Set(this.allSpecialIds);
      return a.map((id) => (special.has(id) ? 1 : 0));
    }
    const none = (row: readonly number[]): number[] => row.map(() => 0);
    return b ? [1, ...none(a), 1, ...none(b), 1] : [1, ...none(a), 1];
  }

  /** 0 for the first sequence with its special tokens, 1 for the second. */
  createTokenTypeIdsFromSequences(ids: IdsInput, pair?: IdsInput | null): number[] {
    const [a, b] = this.#readPair(ids, pair);
    const first = new Array<number>(a.length + 2).fill(0);
    return b ? [...first, ...new Array<number>(b.length + 1).fill(1)] : first;
  }

  /** Number of special tokens that a call adds. @param pair to two sequences. */
  numSpecialTokensToAdd(pair = false): number {
    return pair ? 3 : 2;
  }

  /** Tokens of a text that the model takes, special ones left out. */
  get maxLenSingleSentence(): number {
    return this.modelMaxLength - this.numSpecialTokensToAdd(false);
  }

  /** Tokens of two texts that the model takes, special ones left out. */
  get maxLenSentencesPair(): number {
    return this.modelMaxLength - this.numSpecialTokensToAdd(true);
  }

  /**
   * Fills encodings up to one length.
   * @param encodings what a call returned, a list of such, or plain objects with the same fields: `input_ids` and, where
   * there are any, `token_type_ids`, `attention_mask` and `special_tokens_mask`. Other fields go through as they are.
   * @param options `padding` (default true), `max_length`, `pad_to_multiple_of`, `padding_side`, `return_attention_mask`,
   * `return_tensors` (default: whether the ids came as one).
   * @throws TokenizerError `invalid-input` for what is no encoding, `missing-token` without a padding token, `ragged` where
   * rows of different lengths are to be a tensor.
   */
  pad(encodings: EncodedInput | readonly EncodedInput[], options: PadOptions = {}): BatchEncoding {
    checkNames(options, PAD_OPTIONS);
    const names = this.modelInputNames;
    const { fields, isTensor } = readEncodings(encodings, names[0]!);
    const call = this.resolve({ padding: true, return_tensors: isTensor, ...options, truncation: false });
    return new BatchEncoding(padFields(fields, call, this.padding, names));
  }

  /**
   * One row out of the ids of one or two sequences: truncated, with special tokens, padded, as a call does it with texts.
   * @param ids of the first sequence. @param pairIds of the second.
   * @param options as in a call. With `return_overflowing_tokens` what was cut off comes as `overflowing_tokens`.
   * @throws TokenizerError `invalid-input` for what is no list of ids, `invalid-option` where options exclude each other.
   */
  prepareForModel(ids: IdsInput, pairIds?: IdsInput | null, options: PrepareOptions = {}): BatchEncoding {
    const call = this.resolve(options);
    if (call.text_pair != null || call.is_split_into_words || call.return_offsets_mapping)
      throw new TokenizerError("invalid-option", "tokenizer: ids have no text_pair, no words and no offsets");
    return this.encodeIds([this.#readPair(ids, pairIds)], call, false);
  }

  /**
   * Takes ids away from one or two sequences.
   * @returns both sequences and what was taken from them, which for a pair cut "longest_first" is nothing, as in the reference.
   * A sequence too short for its strategy stays as it is, and so does everything with "do_not_truncate".
   * @throws TokenizerError `invalid-input` for what is no list of ids, `invalid-option`.
   */
  truncateSequences(
    ids: IdsInput,
    pairIds?: IdsInput | null,
    options: TruncateOptions = {},
  ): [ids: number[], pairIds: number[] | undefined, overflowing: number[]] {
    checkNames(options, { num_tokens_to_remove: 0, truncation_strategy: 0, stride: 0 });
    const [a, b] = this.#readPair(ids, pairIds);
    const { num_tokens_to_remove = 0, truncation_strategy = "longest_first", stride = 0 } = options;
    if (!Number.isSafeInteger(num_tokens_to_remove))
      throw invalidOption("num_tokens_to_remove", `${describe(num_tokens_to_remove)} is no whole number`);
    const call = this.resolve({ truncation: truncation_strategy, max_length: Math.abs(num_tokens_to_remove), stride });
    return num_tokens_to_remove > 0 ? truncateIds(a, b, num_tokens_to_remove, call) : [a, b, []];
  }

  /** Rows out of the ids of samples. */
  protected encodeIds(samples: readonly SampleIds[], call: ResolvedCall, batched: boolean): BatchEncoding {
    const template = bertTemplate(this.clsToken!, this.requireId("cls"), this.sepToken!, this.requireId("sep"));
    const { padding, modelInputNames: names } = this;
    const warn = (length: number): void => this.warnOfLength(length, call);
    return new BatchEncoding(encodeSlow(samples, { call, padding, names, template }, batched, warn));
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

  /** Warns of the first row that is longer than what the model takes, unless the call names a length. */
  protected warnOfLength(length: number, call: ResolvedCall): void {
    if (this.#hasWarned || !call.verbose || call.max_length != null || !(length > this.modelMaxLength)) return;
    this.#hasWarned = true;
    console.warn(
      `Token indices sequence length is longer than the specified maximum sequence length for this model (${length} > ${this.modelMaxLength}). Running this sequence through the model will result in indexing errors: truncate it`,
    );
  }

  protected get padding(): Padding {
    return { id: this.padTokenId ?? 0, typeId: this.padTokenTypeId, token: this.padToken ?? "" };
  }

  protected requireId(role: "cls" | "sep" | "pad"): number {
    const id = this[`${role}TokenId`];
    if (id !== undefined) return id;
    throw new TokenizerError("missing-token", `the tokenizer has no ${role}_token in its vocabulary`, { role });
  }

  #readPair(ids: unknown, pair: unknown): [number[], number[] | undefined] {
    return [readIds(ids, this.isFast), pair == null ? undefined : readIds(pair, this.isFast)];
  }
}
