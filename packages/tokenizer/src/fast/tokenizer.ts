import { type AddedToken, type AddedTokenInput, makeAddedToken, readRecorded } from "../added-token.js";
import { BatchEncoding } from "../batch-encoding.js";
import type { CallOptions, ResolvedCall } from "../call-options.js";
import { describe, TokenizerError } from "../errors.js";
import type { Sample, Samples } from "../inputs.js";
import type { LoadOptions, TokenizerSource } from "../load.js";
import type { ParallelOptions } from "../parallel/pool.js";
import type { Rows } from "../rows.js";
import type { SaveState } from "../save.js";
import { fillNormalized } from "../special-tokens.js";
import { readTokens, strippingToken } from "../special-tokens-base.js";
import { bertTemplate, plainTemplate } from "../template.js";
import { TokenizerBase } from "../tokenizer-base.js";
import type { DecodeOptions } from "../tokenizer-ids.js";
import type { TokenizerOptions } from "../tokenizer-options.js";
import type { RetrainingOptions } from "../training/retrain.js";
import { readVocabularyInput, type VocabularyInput } from "../vocabulary.js";
import { WordPieceModel } from "../wordpiece.js";
import { AddedVocabulary } from "./added-vocabulary.js";
import { BertNormalizer } from "./bert-normalizer.js";
import { FastPipeline } from "./pipeline.js";
import { checkStride, encodeFast, type FastEncoder, makeRows } from "./rows.js";

/**
 * The ConvBERT tokenizer with the semantics of the reference's fast one (Rust tokenizers 0.14.1, `ConvBertTokenizerFast`
 * of transformers 4.34): offsets in the text, words, overflowing windows. Call it: `tokenizer("a text", { ... })`.
 */
export class ConvBertTokenizerFast extends TokenizerBase {
  #pipeline: FastPipeline;

  /**
   * @param source a vocabulary: the text of a `vocab.txt`, tokens, ids by token; or the stages of a `tokenizer.json`.
   * @param options under the reference's names.
   * @throws TokenizerError `invalid-input` for what is no vocabulary or no token, `invalid-option`.
   */
  constructor(source: VocabularyInput | FastPipeline, options: TokenizerOptions = {}) {
    super(options);
    this.#pipeline = source instanceof FastPipeline ? source : this.#build(source, options);
    const { added } = this.#pipeline;
    this.specials.additional = readTokens(options.additional_special_tokens ?? [], (token: AddedTokenInput) => {
      const known = typeof token === "string" ? added.ids.get(token) : undefined;
      return known === undefined ? strippingToken(fillNormalized(token, true)) : added.tokens.get(known)!;
    });
    // Tokens of a saved tokenizer first, in the order of their ids, then special ones that are still missing.
    const recorded = readRecorded(options.added_tokens_decoder);
    const tokens = recorded.map(([, token]) => token);
    if (tokens.length > 0)
      this.#pipeline = this.#pipeline.withTokens(
        tokens,
        recorded.map(([id]) => id),
      ).pipeline;
    this.addTokenList(this.specials.all, true);
    if (!(source instanceof FastPipeline)) {
      const { clsToken, clsTokenId, sepToken, sepTokenId } = this;
      if (clsToken && sepToken) {
        this.#pipeline = this.#pipeline.with({ template: bertTemplate(clsToken, clsTokenId!, sepToken, sepTokenId!) });
      }
    }
  }

  /**
   * Loads a tokenizer from a folder, a URL, a hub id or files: `tokenizer.json` or `vocab.txt`, with
   * `tokenizer_config.json` and its companions where there are any.
   * @param source where it is. @param options win over what the files say, and say how files are fetched.
   * @throws TokenizerError `missing-file`, `invalid-file` or `unsupported` for files that make no tokenizer, and what
   * fetching fails with.
   */
  static async fromPretrained(source: TokenizerSource, options: LoadOptions = {}): Promise<ConvBertTokenizerFast> {
    const { loadTokenizer } = await import("../load.js");
    const loaded = await loadTokenizer(source, options, true);
    return new ConvBertTokenizerFast(loaded.source, loaded.options);
  }

  /**
   * Trains another tokenizer, whose stages, special tokens and options are this one's, and whose vocabulary comes from texts.
   * @param texts texts or lists of them, from an array, a generator or a stream.
   * @param vocabSize tokens at most; special tokens and characters are all kept.
   * @param options new special tokens, new names for old ones, and those of the trainer.
   * @throws TokenizerError `invalid-input` for what is no text, `invalid-option`, `missing-token` where the template needs a
   * token that is no special one, and the reason of an aborted signal.
   */
  async trainNewFromIterator(
    texts: Iterable<string | readonly string[]> | AsyncIterable<string | readonly string[]>,
    vocabSize: number,
    options: RetrainingOptions = {},
  ): Promise<ConvBertTokenizerFast> {
    const { retrain } = await import("../training/retrain.js");
    const parts = { pipeline: this.#pipeline, options: this.options };
    const made = await retrain(parts, this.specials, texts, vocabSize, options);
    return new ConvBertTokenizerFast(made.pipeline, made.options);
  }

  /** Makes a tokenizer from a vocabulary, like `new`. @throws as the constructor. */
  static fromVocabulary(vocabulary: VocabularyInput, options: TokenizerOptions = {}): ConvBertTokenizerFast {
    return new ConvBertTokenizerFast(vocabulary, options);
  }

  #build(source: VocabularyInput, options: TokenizerOptions): FastPipeline {
    return new FastPipeline({
      model: new WordPieceModel(readVocabularyInput(source), this.unkToken),
      normalizer: new BertNormalizer({
        clean_text: true,
        handle_chinese_chars: options.tokenize_chinese_chars ?? true,
        strip_accents: options.strip_accents ?? null,
        lowercase: options.do_lower_case ?? true,
      }),
      template: plainTemplate,
      added: AddedVocabulary.empty,
    });
  }

  get isFast(): boolean {
    return true;
  }

  get vocabSize(): number {
    return this.#pipeline.model.size;
  }

  get length(): number {
    return this.#pipeline.length;
  }

  getVocab(): Map<string, number> {
    const { added, model } = this.#pipeline;
    return new Map([...model.vocabulary.entries(), ...added.ids]);
  }

  get addedTokensDecoder(): Map<number, AddedToken> {
    return new Map([...this.#pipeline.added.tokens].sort(([a], [b]) => a - b));
  }

  override numSpecialTokensToAdd(pair = false): number {
    return this.#pipeline.specialTokens(pair);
  }

  override tokenize(text: string, options: CallOptions = {}): string[] {
    if (typeof text !== "string" && !options?.is_split_into_words)
      throw new TokenizerError("invalid-input", `tokenizer: text is ${describe(text)}; expected a string`);
    return [...this.call(text, { add_special_tokens: false, ...options }).tokens()];
  }

  protected override joinTokens(tokens: readonly string[]): string {
    return this.#pipeline.decoder(tokens).join("");
  }

  protected override addTokenList(tokens: readonly AddedTokenInput[], special: boolean): number {
    const list = tokens.map((token) => makeAddedToken(token, special));
    if (list.length === 0) return 0;
    const { pipeline, added } = this.#pipeline.withTokens(list);
    this.#pipeline = pipeline;
    return added;
  }

  protected override saveState(): SaveState {
    return { vocabulary: this.#pipeline.model.vocabulary, pipeline: this.#pipeline };
  }

  protected override idOf(token: string): number | undefined {
    return this.#pipeline.idOf(token);
  }

  protected override tokenOf(id: number): string | undefined {
    return this.#pipeline.tokenOf(id);
  }

  protected override decodeIds(ids: readonly number[], options: DecodeOptions): string {
    const { special } = this.#pipeline.added;
    const tokens = ids.map((id) => this.tokenOf(id)).filter((token) => token !== undefined);
    return this.joinTokens(options.skip_special_tokens ? tokens.filter((token) => !special.has(token)) : tokens);
  }

  protected override encodeSamples(inputs: Samples, call: ResolvedCall): BatchEncoding {
    const [encoder, samples, batched] = this.#prepare(inputs, call);
    const detail = call.return_offsets_mapping;
    return encodeFast(encoder, samples, detail, (rows) => this.#finish(rows, encoder, samples, batched));
  }

  protected override async encodeSamplesInParallel(
    inputs: Samples,
    call: ResolvedCall,
    options: ParallelOptions,
  ): Promise<BatchEncoding> {
    const [encoder, samples, batched] = this.#prepare(inputs, call);
    const { tokenizeInParallel } = await import("../parallel/pool.js");
    const done = await tokenizeInParallel(encoder, samples, () => this.toFiles({ legacyFormat: false }), options);
    return done
      ? this.#finish(makeRows(encoder, samples, ...done), encoder, samples, batched)
      : this.encodeSamples(inputs, call);
  }

  #prepare({ samples, batched }: Samples, call: ResolvedCall): [FastEncoder, readonly Sample[], boolean] {
    const encoder = { pipeline: this.#pipeline, call, padding: this.padding, names: this.modelInputNames };
    checkStride(encoder);
    // As in the reference, an empty second text counts in a batch only.
    const [only] = samples;
    return [encoder, batched || only!.second?.length ? samples : [{ first: only!.first, second: undefined }], batched];
  }

  /** A batch out of its rows. */
  #finish(rows: Rows, encoder: FastEncoder, samples: readonly Sample[], batched: boolean): BatchEncoding {
    const { pipeline, call } = encoder;
    this.warnOfLength(rows.firstAbove(this.modelMaxLength), call);
    const tokenOf = (id: number): string => pipeline.model.tokenOf(id);
    // The reference keeps the windows of a single text in a list.
    const asList = batched || call.return_overflowing_tokens;
    const fields = rows.fields(asList);
    if (!call.return_offsets_mapping)
      return new BatchEncoding(fields, () => encodeFast(encoder, samples, true, (full) => full.encodings(tokenOf)));
    const offsets = rows.offsets();
    fields.offset_mapping = asList || call.return_tensors ? offsets : offsets[0]!;
    return new BatchEncoding(fields, () => rows.encodings(tokenOf));
  }
}
