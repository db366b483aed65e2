import {
  type AddedToken,
  type AddedTokenInput,
  checkTotal,
  isTokenId,
  makeAddedToken,
  readRecorded,
} from "../added-token.js";
import type { BatchEncoding } from "../batch-encoding.js";
import type { CallOptions, ResolvedCall } from "../call-options.js";
import { describe, TokenizerError } from "../errors.js";
import type { Samples } from "../inputs.js";
import type { LoadOptions, TokenizerSource } from "../load.js";
import type { SaveState } from "../save.js";
import { readTokens, strippingToken } from "../special-tokens-base.js";
import { TokenMatcher } from "../token-matcher.js";
import { TokenizerBase } from "../tokenizer-base.js";
import type { DecodeOptions } from "../tokenizer-ids.js";
import type { TokenizerOptions } from "../tokenizer-options.js";
import { isPythonSpace } from "../unicode/classes.js";
import { lowerEach, pythonLower } from "../unicode/lowercase.js";
import { readVocabularyInput, type VocabularyInput } from "../vocabulary.js";
import { WordPieceModel } from "../wordpiece.js";
import { BasicTokenizer, pythonSplit } from "./basic-tokenizer.js";
import { TokenTrie } from "./token-trie.js";

/**
 * The ConvBERT tokenizer with the semantics of the reference's Python one (`ConvBertTokenizer` of transformers 4.34). It
 * knows `never_split` and `do_basic_tokenize`, and neither offsets nor words; the fast one is the better choice elsewhere.
 */
export class ConvBertTokenizer extends TokenizerBase {
  readonly #model: WordPieceModel;
  readonly #basic: BasicTokenizer | undefined;
  readonly #addedIds = new Map<string, number>();
  readonly #addedTokens = new Map<number, AddedToken>();
  #trie: TokenTrie | undefined;
  /** The tokens that kept their letters in the last call, and what finds them. */
  #kept: { readonly tokens: readonly string[]; readonly matcher: TokenMatcher } = {
    tokens: [],
    matcher: new TokenMatcher([]),
  };
  #addedCharacters = 0;

  /**
   * @param vocabulary the text of a `vocab.txt`, tokens, ids by token, or the model of a `tokenizer.json`.
   * @param options under the reference's names.
   * @throws TokenizerError `invalid-input` for what is no vocabulary or no token, `invalid-option`.
   */
  constructor(vocabulary: VocabularyInput | WordPieceModel, options: TokenizerOptions = {}) {
    super(options);
    this.#model =
      vocabulary instanceof WordPieceModel
        ? vocabulary
        : new WordPieceModel(readVocabularyInput(vocabulary), this.unkToken);
    if (options.do_basic_tokenize ?? true) {
      this.#basic = new BasicTokenizer({
        do_lower_case: options.do_lower_case ?? true,
        tokenize_chinese_chars: options.tokenize_chinese_chars ?? true,
        strip_accents: options.strip_accents ?? null,
        never_split: new Set(options.never_split),
      });
    }
    this.specials.additional = readTokens(options.additional_special_tokens ?? [], strippingToken);
    for (const [id, token] of readRecorded(options.added_tokens_decoder)) {
      if (!this.#addedIds.has(token.content)) this.#addedCharacters += token.content.length;
      this.#addedTokens.set(id, token);
      this.#addedIds.set(token.content, id);
    }
    this.addTokenList(this.specials.all, true);
  }

  /**
   * Loads a tokenizer from a folder, a URL, a hub id or files: `vocab.txt` or the vocabulary of a `tokenizer.json`, with
   * `tokenizer_config.json` and its companions where there are any.
   * @param source where it is. @param options win over what the files say, and say how files are fetched.
   * @throws TokenizerError `missing-file`, `invalid-file` or `unsupported` for files that make no tokenizer, and what
   * fetching fails with.
   */
  static async fromPretrained(source: TokenizerSource, options: LoadOptions = {}): Promise<ConvBertTokenizer> {
    const { loadSlow } = await import("../load.js");
    const loaded = await loadSlow(source, options);
    const tokenizer = new ConvBertTokenizer(loaded.source, loaded.options);
    const { recorded } = loaded;
    if (recorded)
      tokenizer.addTokenList(
        recorded.map(([, token]) => token),
        false,
        recorded.map(([id]) => id),
      );
    return tokenizer;
  }

  /** Makes a tokenizer from a vocabulary, like `new`. @throws as the constructor. */
  static fromVocabulary(vocabulary: VocabularyInput, options: TokenizerOptions = {}): ConvBertTokenizer {
    return new ConvBertTokenizer(vocabulary, options);
  }

  get isFast(): boolean {
    return false;
  }

  get vocabSize(): number {
    return this.#model.size;
  }

  get length(): number {
    let { length } = this.#model.vocabulary;
    for (const id of this.#addedTokens.keys()) if (id >= length) length = id + 1;
    return length;
  }

  getVocab(): Map<string, number> {
    return new Map([...this.#model.vocabulary.entries(), ...this.#addedIds]);
  }

  get addedTokensDecoder(): Map<number, AddedToken> {
    return new Map([...this.#addedTokens].sort(([a], [b]) => a - b));
  }

  /**
   * The tokens of a text, without special ones.
   * @param options of a call, of which `split_special_tokens` counts.
   * @throws TokenizerError `invalid-input` for what is no text, `invalid-option`.
   */
  override tokenize(text: string, options: CallOptions = {}): string[] {
    if (typeof text !== "string")
      throw new TokenizerError("invalid-input", `tokenizer: text is ${describe(text)}; expected a string`);
    return this.#tokenize(text, this.resolve(options));
  }

  #tokenize(text: string, { split_special_tokens: split }: ResolvedCall): string[] {
    const lower = this.#basic?.options.do_lower_case ? this.#lowerCase(text) : text;
    this.#trie ??= new TokenTrie(this.#addedIds.keys());
    const pieces = split ? [lower] : this.#trie.split(lower);
    if (!split) this.#strip(pieces);
    const specials = new Set(this.allSpecialTokens);
    return pieces.flatMap((piece) => {
      if (!piece) return [];
      return !split && this.#addedIds.has(piece) ? piece : this.#words(piece, specials);
    });
  }

  /** Everything but added tokens, one character at a time: so no sigma is ever final here. */
  #lowerCase(text: string): string {
    const kept = this.allSpecialTokens;
    for (const token of this.#addedTokens.values()) if (!token.special && token.normalized) kept.push(token.content);
    let result = "";
    let done = 0;
    for (const match of this.#keptMatcher(kept).matches(text)) {
      result += lowerEach(text.slice(done, match.from)) + text.slice(match.from, match.to);
      done = match.to;
    }
    return result + lowerEach(text.slice(done));
  }

  /** Finds tokens that keep their letters. As in a regular expression of Python, the first of several counts, not the longest. */
  #keptMatcher(kept: readonly string[]): TokenMatcher {
    const { tokens, matcher } = this.#kept;
    if (kept.length === tokens.length && kept.every((content, i) => content === tokens[i])) return matcher;
    const made = new TokenMatcher(
      kept.map((content, i) => [content, i]),
      true,
    );
    this.#kept = { tokens: kept, matcher: made };
    return made;
  }

  /** Added tokens take in white space, or give way to a word they touch. */
  #strip(pieces: string[]): void {
    for (let i = 0; i < pieces.length; i++) {
      const id = this.#addedIds.get(pieces[i]!);
      if (id === undefined) continue;
      const token = this.#addedTokens.get(id)!;
      const piece = pieces[i]!;
      const left = pieces[i - 1];
      const right = pieces[i + 1];
      if (token.rstrip && right) pieces[i + 1] = trim(right, true, false);
      if (token.lstrip && left) pieces[i - 1] = trim(left, false, true);
      if (!token.single_word) continue;
      if (left && !left.endsWith(" ")) {
        pieces[i - 1] += piece;
        pieces[i] = "";
      } else if (right && !right.startsWith(" ")) {
        pieces[i + 1] = piece + pieces[i + 1]!;
        pieces[i] = "";
      }
    }
  }

  #words(text: string, specials: ReadonlySet<string>): string[] {
    if (!this.#basic) return pythonSplit(text).flatMap((word) => this.#model.pieces(word));
    const { never_split } = this.#basic.options;
    return this.#basic
      .tokenize(text, specials)
      .flatMap((word) => (never_split.has(word) ? word : this.#model.pieces(word)));
  }

  protected override joinTokens(tokens: readonly string[]): string {
    return trim(tokens.join(" ").replaceAll(" ##", ""), true, true);
  }

  protected override addTokenList(
    tokens: readonly AddedTokenInput[],
    special: boolean,
    recorded: readonly unknown[] = [],
  ): number {
    const contents = tokens.map((token) => (typeof token === "string" ? token : token.content));
    checkTotal(contents.reduce((sum, content) => sum + content.length, this.#addedCharacters));
    let added = 0;
    let free = this.length;
    for (const id of recorded) if (isTokenId(id) && id >= free) free = id + 1;
    const specials = new Set(this.allSpecialTokens);
    for (const [i, given] of tokens.entries()) {
      let token = special
        ? strippingToken(given)
        : makeAddedToken(typeof given === "string" ? { content: given, lstrip: true, rstrip: true } : given);
      if (!token.content) continue;
      if (!token.special && token.normalized && this.#basic?.options.do_lower_case) {
        token = { ...token, content: pythonLower(token.content) };
      }
      const own = recorded[i];
      const isFree = isTokenId(own) && !this.#addedTokens.has(own);
      let id = this.#addedIds.get(token.content) ?? (isFree ? own : this.#model.idOf(token.content));
      if (id === undefined) {
        id = free++;
        added++;
      }
      if (token.special && !specials.has(token.content)) {
        specials.add(token.content);
        this.specials.additional.push(token);
      }
      if (!this.#addedIds.has(token.content)) this.#addedCharacters += token.content.length;
      this.#addedTokens.set(id, token);
      this.#addedIds.set(token.content, id);
    }
    this.#trie = undefined;
    return added;
  }

  protected override saveState(): SaveState {
    return { vocabulary: this.#model.vocabulary };
  }

  protected override idOf(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.#model.idOf(token);
  }

  protected override tokenOf(id: number): string | undefined {
    return this.#addedTokens.get(id)?.content ?? this.#model.vocabulary.token(id) ?? this.unkToken;
  }

  protected override decodeIds(ids: readonly number[], options: DecodeOptions): string {
    const special = new Set(this.allSpecialTokens);
    const apart = new Set([...this.#addedIds.keys()].filter((content) => !special.has(content)));
    for (const token of this.additionalSpecialTokens)
      if (this.convertTokensToIds(token) >= this.vocabSize) apart.add(token);
    const texts: string[] = [];
    let run: string[] = [];
    for (const token of this.convertIdsToTokens(ids, options)) {
      if (!apart.has(token!)) {
        run.push(token!);
        continue;
      }
      const text = this.convertTokensToString(run);
      if (text) texts.push(text);
      run = [];
      texts.push(token!);
    }
    if (run.length > 0) texts.push(this.convertTokensToString(run));
    return texts.join((options.spaces_between_special_tokens ?? true) ? " " : "");
  }

  protected override encodeSamples({ samples, batched }: Samples, call: ResolvedCall): BatchEncoding {
    if (call.return_offsets_mapping) {
      throw new TokenizerError(
        "not-available",
        "return_offset_mapping is not available when using Python tokenizers. To use this feature, use ConvBertTokenizerFast",
      );
    }
    const idsOf = (sequence: string | readonly string[]): number[] =>
      this.convertTokensToIds([sequence].flat().flatMap((text) => this.#tokenize(text, call)));
    const ids = samples.map(
      ({ first, second }) => [idsOf(first), second === undefined ? undefined : idsOf(second)] as const,
    );
    return this.encodeIds(ids, call, batched);
  }
}

/** `lstrip` and `rstrip` of Python. */
function trim(text: string, left: boolean, right: boolean): string {
  let from = 0;
  let to = text.length;
  if (left) while (from < to && isPythonSpace(text.charCodeAt(from))) from++;
  if (right) while (to > from && isPythonSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}
