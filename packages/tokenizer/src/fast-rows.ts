import type { BatchFields, FieldValue, IntTensor } from "./batch-encoding.js";
import type { ResolvedCall } from "./call-options.js";
import { Encoding, type Span } from "./encoding.js";
import { TokenizerError } from "./errors.js";
import type { FastPipeline } from "./fast-pipeline.js";
import type { Sample } from "./inputs.js";
import { paddedLength, raggedError } from "./padding.js";
import { TokenSink } from "./token-sink.js";
import { truncate } from "./truncation.js";

type Field = "input_ids" | "token_type_ids" | "attention_mask" | "special_tokens_mask";

/** One row to be: which tokens of the sink each sequence has, and which sample it is a window of. */
interface Row {
  readonly sample: number;
  /** Begin and end in the sink, for one sequence or two, each with whether it is an overflowing window. */
  readonly parts: readonly { readonly from: number; readonly to: number; readonly overflow: boolean }[];
  readonly length: number;
  readonly isMain: boolean;
}

export interface Padding {
  readonly id: number;
  readonly typeId: number;
  readonly token: string;
}

/** Encodes samples with a fast pipeline: tokens into one sink, then rows out of it. */
export class FastRows {
  readonly #pipeline: FastPipeline;
  readonly #call: ResolvedCall;
  readonly #padding: Padding;
  readonly #sink: TokenSink;
  readonly rows: Row[] = [];
  #target = 0;

  constructor(
    pipeline: FastPipeline,
    call: ResolvedCall,
    padding: Padding,
    samples: readonly Sample[],
    detail: boolean,
  ) {
    this.#pipeline = pipeline;
    this.#call = call;
    this.#padding = padding;
    this.#sink = new TokenSink(detail);
    if (call.truncation !== "do_not_truncate") this.#checkStride();
    samples.forEach((sample, i) => {
      this.#addSample(sample, i);
    });
    this.#target = paddedLength(
      call,
      this.rows.reduce((longest, row) => (row.isMain ? Math.max(longest, row.length) : longest), 0),
    );
  }

  // The reference asks this before it looks at any text.
  #checkStride(): void {
    const { max_length = 0, stride } = this.#call;
    const special = this.#pipeline.specialTokens(false);
    const room = max_length - special;
    if (room < 0 || room >= stride) return;
    throw new TokenizerError(
      "truncation",
      `tokenizer stride set to ${stride}, which is greater than or equal to its effective max length of ${room} (= ${max_length} original max length - ${special} added special tokens), lower the stride or raise max_length`,
      { stride, max_length, special },
    );
  }

  #addSample(sample: Sample, index: number): void {
    const pipeline = this.#pipeline;
    const call = this.#call;
    const sink = this.#sink;
    const begin = sink.length;
    this.#addSequence(sample.first);
    const middle = sink.length;
    const isPair = sample.second !== undefined;
    if (isPair) this.#addSequence(sample.second);
    const special = call.add_special_tokens ? pipeline.specialTokens(isPair) : 0;
    const add = (
      a: readonly [number, number],
      b: readonly [number, number],
      overflowA: boolean,
      overflowB: boolean,
    ): void => {
      const parts = [{ from: begin + a[0], to: begin + a[1], overflow: overflowA }];
      if (isPair) parts.push({ from: middle + b[0], to: middle + b[1], overflow: overflowB });
      const length = a[1] - a[0] + (isPair ? b[1] - b[0] : 0) + special;
      this.rows.push({ sample: index, parts, length, isMain: !overflowA && !overflowB });
    };
    const first = middle - begin;
    const second = sink.length - middle;
    // A max_length below the number of special tokens does not truncate at all, in the reference by an underflow.
    const room = (call.max_length ?? 0) - special;
    if (call.truncation === "do_not_truncate" || room < 0) {
      add([0, first], [0, second], false, false);
      return;
    }
    const [as, bs] = truncate(first, isPair ? second : undefined, {
      strategy: call.truncation,
      maxLength: room,
      stride: call.stride,
      side: call.truncation_side,
    });
    // Every window of the one with every window of the other, in the order in which the reference merges them.
    add(as[0]!, bs[0]!, false, false);
    if (!call.return_overflowing_tokens) return;
    for (const a of as.slice(1))
      bs.forEach((b, i) => {
        add(a, b, true, i > 0);
      });
    for (const b of bs.slice(1)) add(as[0]!, b, false, true);
  }

  #addSequence(sequence: Sample["first"]): void {
    const pipeline = this.#pipeline;
    const call = this.#call;
    const sink = this.#sink;
    sink.word = 0;
    const texts = typeof sequence === "string" ? [sequence] : sequence;
    texts.forEach((text, i) => {
      sink.fixedWord = typeof sequence === "string" ? -1 : i;
      const first = sink.length;
      pipeline.tokenize(text, sink);
      if (sink.detail && call.offset_unit === "code_point") toCodePoints(sink, first, text);
    });
  }

  /** The fields that the call asks for. */
  fields(batched: boolean, modelInputNames: readonly string[]): BatchFields {
    const call = this.#call;
    const { rows } = this;
    // The reference keeps overflowing rows in a list even where there is one sample.
    const asRows = batched || call.return_overflowing_tokens;
    const field = (name: Field): FieldValue =>
      call.return_tensors ? this.#tensor(name) : asRows ? this.#lists(name) : this.#lists(name)[0]!;
    const fields: BatchFields = { input_ids: field("input_ids") };
    if (call.return_token_type_ids ?? modelInputNames.includes("token_type_ids"))
      fields.token_type_ids = field("token_type_ids");
    if (call.return_attention_mask ?? modelInputNames.includes("attention_mask"))
      fields.attention_mask = field("attention_mask");
    if (call.return_special_tokens_mask) fields.special_tokens_mask = field("special_tokens_mask");
    if (call.return_offsets_mapping) {
      const offsets = rows.map((row) => this.#encoding(row).offsets as Span[]);
      fields.offset_mapping = asRows || call.return_tensors ? offsets : offsets[0]!;
    }
    if (call.return_length) fields.length = rows.map((row) => this.#padded(row));
    if (call.return_overflowing_tokens) fields.overflow_to_sample_mapping = rows.map((row) => row.sample);
    return fields;
  }

  /** Every row in full. */
  encodings(): Encoding[] {
    const encodings = this.rows.map((row) => this.#encoding(row));
    this.rows.forEach((row, i) => {
      if (!row.isMain) return;
      encodings[i]!.overflowing = encodings.filter((_, k) => k !== i && this.rows[k]!.sample === row.sample);
    });
    return encodings;
  }

  #padded(row: Row): number {
    return Math.max(row.length, this.#target);
  }

  #lists(field: Field): number[][] {
    return this.rows.map((row) => {
      const list = new Array<number>(this.#padded(row));
      this.#write(field, list, 0, row);
      return list;
    });
  }

  #tensor(field: Field): IntTensor {
    const { rows } = this;
    const length = rows.length > 0 ? this.#padded(rows[0]!) : 0;
    const data = new Int32Array(rows.length * length);
    rows.forEach((row, i) => {
      if (this.#padded(row) !== length) {
        throw raggedError(field, length, i, this.#padded(row));
      }
      this.#write(field, data, i * length, row);
    });
    return { data, shape: [rows.length, length] };
  }

  /** Writes one field of one row, padding included. */
  #write(field: Field, target: number[] | Int32Array, begin: number, row: Row): void {
    const { template } = this.#pipeline;
    const { ids } = this.#sink;
    const missing = this.#padded(row) - row.length;
    const left = this.#call.padding_side === "left" ? missing : 0;
    const { id, typeId } = this.#padding;
    const padding =
      field === "input_ids" ? id : field === "token_type_ids" ? typeId : field === "attention_mask" ? 0 : 1;
    let at = begin;
    for (let i = 0; i < left; i++) target[at++] = padding;
    for (const piece of row.parts.length === 2 ? template.pair : template.single) {
      let count: number;
      let value = 1;
      if ("ids" in piece) {
        if (!this.#call.add_special_tokens) continue;
        count = piece.ids.length;
        if (field === "input_ids") {
          for (const special of piece.ids) target[at++] = special;
          continue;
        }
        if (field === "token_type_ids") value = piece.typeId;
      } else {
        const { from, to, overflow } = row.parts[piece.sequence]!;
        count = to - from;
        if (field === "input_ids") {
          for (let i = from; i < to; i++) target[at++] = ids[i]!;
          continue;
        }
        // The reference gives a template's type ids to the first window only.
        if (field === "token_type_ids") value = overflow ? piece.sequence : piece.typeId;
        if (field === "special_tokens_mask") value = 0;
      }
      for (let i = 0; i < count; i++) target[at++] = value;
    }
    for (let i = left; i < missing; i++) target[at++] = padding;
  }

  #encoding(row: Row): Encoding {
    const { template } = this.#pipeline;
    const sink = this.#sink;
    const pipeline = this.#pipeline;
    const length = this.#padded(row);
    const list = (field: Field): number[] => {
      const values = new Array<number>(length);
      this.#write(field, values, 0, row);
      return values;
    };
    const missing = length - row.length;
    const left = this.#call.padding_side === "left" ? missing : 0;
    const tokens: string[] = new Array(left).fill(this.#padding.token);
    const offsets: Span[] = Array.from(tokens, () => [0, 0]);
    const wordIds: (number | null)[] = new Array(left).fill(null);
    const sequenceRanges: Span[] = [];
    for (const piece of row.parts.length === 2 ? template.pair : template.single) {
      if ("ids" in piece) {
        if (!this.#call.add_special_tokens) continue;
        for (const token of piece.tokens) {
          tokens.push(token);
          offsets.push([0, 0]);
          wordIds.push(null);
        }
        continue;
      }
      const { from, to } = row.parts[piece.sequence]!;
      sequenceRanges[piece.sequence] = [tokens.length, tokens.length + to - from];
      for (let i = from; i < to; i++) {
        tokens.push(sink.strings.get(i) ?? pipeline.model.tokenOf(sink.ids[i]!));
        offsets.push([sink.starts[i]!, sink.ends[i]!]);
        wordIds.push(sink.words[i]!);
      }
    }
    while (tokens.length < length) {
      tokens.push(this.#padding.token);
      offsets.push([0, 0]);
      wordIds.push(null);
    }
    return new Encoding({
      ids: list("input_ids"),
      typeIds: list("token_type_ids"),
      tokens,
      offsets,
      wordIds,
      specialTokensMask: list("special_tokens_mask"),
      attentionMask: list("attention_mask"),
      sequenceRanges,
    });
  }
}

/** Turns the places of the sink's last tokens from UTF-16 units into code points. */
function toCodePoints(sink: TokenSink, first: number, text: string): void {
  if (!/[\ud800-\udbff]/.test(text)) return;
  const points = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; count++) {
    points[i++] = count;
    // The second half of a pair begins no code point; its place is never asked for.
    if (text.codePointAt(i - 1)! > 0xffff) points[i++] = count;
  }
  points[text.length] = count;
  for (let i = first; i < sink.length; i++) {
    sink.starts[i] = points[sink.starts[i]!]!;
    sink.ends[i] = points[sink.ends[i]!]!;
  }
}
