import type { AddedToken } from "../added-token.js";
import { type Decoder, wordPieceDecoder } from "../decoder.js";
import { addedTokens, type Template } from "../template.js";
import type { TokenSink } from "../token-sink.js";
import type { WordPieceModel } from "../wordpiece.js";
import type { AddedVocabulary } from "./added-vocabulary.js";
import { AlignedText } from "./aligned-text.js";
import { BertNormalizer, bertActions, type Normalizer } from "./bert-normalizer.js";
import { CharacterActions } from "./character-actions.js";
import { createScanner, type Scanner } from "./scanner.js";

/** Splits normalized text: the pieces, in order, each a word to look up. */
export type Splitter = (text: string) => readonly (readonly [from: number, to: number])[];

/** The stages of a fast tokenizer, as tokenizer.json names them. */
export interface FastStages {
  readonly model: WordPieceModel;
  readonly normalizer: Normalizer | undefined;
  /** What splits normalized text; the reference's BertPreTokenizer where absent. */
  readonly preTokenizer?: Splitter;
  readonly template: Template;
  readonly decoder?: Decoder;
  readonly added: AddedVocabulary;
  /** The `tokenizer.json` that the stages come from, for saving them. */
  readonly json?: Readonly<Record<string, unknown>>;
}

interface Scanners {
  /** Looks up what is normalized already. */
  readonly plain: Scanner;
  /** Normalizes and splits in one pass; only for the reference's own normalizer and pre-tokenizer. */
  readonly fused: Scanner | undefined;
}

function makeScanners({ model, normalizer, preTokenizer }: FastStages): Scanners {
  const plain = createScanner(model, preTokenizer ? new CharacterActions((c) => [c]) : bertActions(undefined));
  if (preTokenizer) return { plain, fused: undefined };
  if (!normalizer) return { plain, fused: plain };
  return {
    plain,
    fused: normalizer instanceof BertNormalizer ? createScanner(model, bertActions(normalizer)) : undefined,
  };
}

/** Text to tokens, by the stages in order. Never changed: adding tokens makes another. */
export class FastPipeline {
  declare readonly stages: FastStages;
  declare readonly model: WordPieceModel;
  declare readonly added: AddedVocabulary;
  declare readonly decoder: Decoder;
  #scanners: Scanners | undefined;

  constructor(stages: FastStages, scanners?: Scanners) {
    this.stages = stages;
    this.model = stages.model;
    this.added = stages.added;
    this.decoder = stages.decoder ?? wordPieceDecoder("##", true);
    this.#scanners = scanners;
  }

  /** Number of special tokens that the template adds. */
  specialTokens(pair: boolean): number {
    return addedTokens(pair ? this.stages.template.pair : this.stages.template.single);
  }

  idOf(token: string): number | undefined {
    return this.added.ids.get(token) ?? this.model.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.added.tokens.get(id)?.content ?? this.model.vocabulary.token(id);
  }

  /** Another pipeline that knows more tokens, and how many of them are new. @param ids see {@link AddedVocabulary.add}. */
  withTokens(
    tokens: readonly AddedToken[],
    ids?: readonly unknown[],
  ): { readonly pipeline: FastPipeline; readonly added: number } {
    const { vocabulary, added } = this.added.add(
      tokens,
      (token) => this.model.idOf(token),
      this.model.vocabulary.length,
      this.stages.normalizer,
      ids,
    );
    return { pipeline: this.with({ added: vocabulary }), added };
  }

  /** One more than the highest id. */
  get length(): number {
    let { length } = this.model.vocabulary;
    for (const id of this.added.tokens.keys()) if (id >= length) length = id + 1;
    return length;
  }

  /** Another pipeline with other tokens or another template. */
  with(stages: Pick<FastStages, "added"> | Pick<FastStages, "template">): FastPipeline {
    return new FastPipeline({ ...this.stages, ...stages }, this.#scanners);
  }

  /** Adds the tokens of one text to the sink. Offsets count UTF-16 units of the text. */
  tokenize(text: string, sink: TokenSink): void {
    this.#scanners ??= makeScanners(this.stages);
    const { fused } = this.#scanners;
    for (const { id, from, to } of this.added.split(text, false)) {
      if (id >= 0) sink.push(id, from, to, sink.detail ? text.slice(from, to) : "");
      else if (this.added.needsNormalized || !fused?.(text, from, to, sink)) this.#tokenizeWhole(text, from, to, sink);
    }
  }

  /** Stage by stage, for what the fused scanner leaves. */
  #tokenizeWhole(text: string, from: number, to: number, sink: TokenSink): void {
    const { normalizer, preTokenizer } = this.stages;
    const { plain } = this.#scanners!;
    const aligned = new AlignedText(text, from, to);
    normalizer?.normalize(aligned);
    const normalized = aligned.toText();
    const first = sink.length;
    for (const split of this.added.split(normalized, true)) {
      if (split.id >= 0) sink.push(split.id, split.from, split.to, normalized.slice(split.from, split.to));
      else if (!preTokenizer) plain(normalized, split.from, split.to, sink);
      else {
        for (const [a, b] of preTokenizer(normalized.slice(split.from, split.to))) {
          plain(normalized, split.from + a, split.from + b, sink);
        }
      }
    }
    if (sink.detail) aligned.toOrigins(sink, first);
  }
}
