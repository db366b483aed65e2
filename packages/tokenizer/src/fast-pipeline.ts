import { type AddedToken, AddedVocabulary } from "./added-vocabulary.js";
import { AlignedText } from "./aligned-text.js";
import { BertNormalizer, bertActions, type Normalizer } from "./bert-normalizer.js";
import type { CharacterActions } from "./character-actions.js";
import { type Decoder, wordPieceDecoder } from "./decoder.js";
import { createScanner, type Scanner } from "./scanner.js";
import { addedTokens, type Template } from "./template.js";
import type { TokenSink } from "./token-sink.js";
import type { WordPieceModel } from "./wordpiece.js";

/** The stages of a fast tokenizer, as tokenizer.json names them. */
export interface FastStages {
  readonly model: WordPieceModel;
  readonly normalizer: Normalizer | undefined;
  /** What splits normalized text; the reference's BertPreTokenizer where absent. */
  readonly preTokenizer?: CharacterActions;
  readonly template: Template;
  readonly decoder?: Decoder;
  readonly added: AddedVocabulary;
}

/** Text to tokens, by the stages in order. Never changed: adding tokens makes another. */
export class FastPipeline implements FastStages {
  readonly model: WordPieceModel;
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: CharacterActions;
  readonly template: Template;
  readonly decoder: Decoder;
  readonly added: AddedVocabulary;
  readonly #stages: FastStages;
  /** Splits what is normalized already. */
  readonly #plain: Scanner;
  /** Normalizes and splits in one pass; only for the reference's own normalizer and pre-tokenizer. */
  readonly #fused: Scanner | undefined;

  constructor(stages: FastStages) {
    this.#stages = stages;
    this.model = stages.model;
    this.normalizer = stages.normalizer;
    this.preTokenizer = stages.preTokenizer ?? bertActions(undefined);
    this.template = stages.template;
    this.decoder = stages.decoder ?? wordPieceDecoder("##", true);
    this.added = stages.added;
    this.#plain = createScanner(this.model, this.preTokenizer);
    const { normalizer } = stages;
    if (!normalizer) this.#fused = this.#plain;
    else if (normalizer instanceof BertNormalizer && !stages.preTokenizer) {
      this.#fused = createScanner(this.model, bertActions(normalizer));
    }
  }

  /** Number of special tokens that the template adds. */
  specialTokens(pair: boolean): number {
    return addedTokens(pair ? this.template.pair : this.template.single);
  }

  idOf(token: string): number | undefined {
    return this.added.ids.get(token) ?? this.model.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.added.tokens.get(id)?.content ?? this.model.vocabulary.token(id);
  }

  /** Another pipeline that knows more tokens, and how many of them are new. */
  withTokens(tokens: readonly AddedToken[]): { readonly pipeline: FastPipeline; readonly added: number } {
    const { vocabulary, added } = this.added.add(
      tokens,
      (token) => this.model.idOf(token),
      this.model.vocabulary.length,
      this.normalizer,
    );
    return { pipeline: this.with({ added: vocabulary }), added };
  }

  /** Another pipeline with some stages replaced. */
  with(stages: Partial<FastStages>): FastPipeline {
    return new FastPipeline({ ...this.#stages, ...stages });
  }

  /** Adds the tokens of one text to the sink. Places count UTF-16 units of the text. */
  tokenize(text: string, sink: TokenSink): void {
    for (const { id, from, to } of this.added.split(text, false)) {
      if (id >= 0) sink.push(id, from, to, sink.detail ? text.slice(from, to) : "");
      else if (this.added.needsNormalized || !this.#fused?.(text, from, to, sink))
        this.#tokenizeWhole(text, from, to, sink);
    }
  }

  /** Stage by stage, for what the fused scanner leaves. */
  #tokenizeWhole(text: string, from: number, to: number, sink: TokenSink): void {
    const aligned = new AlignedText(text, from, to);
    this.normalizer?.normalize(aligned);
    const normalized = aligned.toText();
    const { starts, ends } = sink.detail ? aligned.unitOrigins() : { starts: [], ends: [] };
    for (const split of this.added.split(normalized, true)) {
      const first = sink.length;
      if (split.id >= 0) sink.push(split.id, split.from, split.to, normalized.slice(split.from, split.to));
      else this.#plain(normalized, split.from, split.to, sink);
      if (!sink.detail) continue;
      for (let i = first; i < sink.length; i++) {
        sink.starts[i] = starts[sink.starts[i]!]!;
        sink.ends[i] = ends[sink.ends[i]! - 1]!;
      }
    }
  }
}

/** Added tokens of a tokenizer that has none yet. */
export const noAddedTokens: AddedVocabulary = AddedVocabulary.empty;
