import type { BatchFields, FieldValue, IntTensor } from "./batch-encoding.js";
import type { ResolvedCall } from "./call-options.js";
import { Encoding, type Span } from "./encoding.js";
import { TokenizerError } from "./errors.js";
import type { Template } from "./template.js";
import type { TokenSink } from "./token-sink.js";

/** What a shorter row is filled up with. */
export interface Padding {
  readonly id: number;
  readonly typeId: number;
  readonly token: string;
}

/** What rows are made of: tokens in a sink, a template around them, and a call's options. */
export interface RowSettings {
  readonly sink: TokenSink;
  readonly template: Template;
  readonly padding: Padding;
  readonly call: ResolvedCall;
  /** Fields that are returned unless the call says otherwise. */
  readonly names: readonly string[];
}

type Field = "input_ids" | "token_type_ids" | "attention_mask" | "special_tokens_mask";

/** One row: which tokens of the sink each sequence has. */
interface Row {
  /** The sample it is a window of. */
  readonly sample: number;
  readonly from: number;
  readonly to: number;
  /** The second sequence; `pairFrom` is -1 where there is none. */
  readonly pairFrom: number;
  readonly pairTo: number;
  /** Sequences of which this is an overflowing window: 1 for the first, plus 2 for the second. */
  readonly overflow: number;
  readonly length: number;
}

/** Puts rows together: special tokens, sequences and padding, field by field. */
export class Rows {
  readonly #settings: RowSettings;
  readonly #rows: Row[] = [];
  #longest = 0;

  constructor(settings: RowSettings) {
    this.#settings = settings;
  }

  /** Adds a row. @param special number of special tokens around its sequences. */
  add(
    sample: number,
    from: number,
    to: number,
    pairFrom: number,
    pairTo: number,
    overflow: number,
    special: number,
  ): void {
    const length = to - from + special + (pairFrom < 0 ? 0 : pairTo - pairFrom);
    this.#rows.push({ sample, from, to, pairFrom, pairTo, overflow, length });
    if (overflow === 0 && length > this.#longest) this.#longest = length;
  }

  /** Length of the first row that has more tokens than that, padding included; 0 for none. */
  firstAbove(limit: number): number {
    const minimum = this.#paddedLength();
    if (Math.max(this.#longest, minimum) <= limit) return 0;
    return Math.max(minimum, this.#rows.find(({ length }) => Math.max(length, minimum) > limit)?.length ?? 0);
  }

  /** The fields that the call asks for; of a single row alone unless `asList`. */
  fields(asList: boolean): BatchFields {
    const { call, names } = this.#settings;
    const rows = this.#rows;
    const minimum = this.#paddedLength();
    const field = (name: Field): FieldValue => {
      if (call.return_tensors) return this.#tensor(name, minimum);
      const lists = rows.map((row) =>
        this.#write(name, new Array<number>(Math.max(row.length, minimum)), 0, row, minimum),
      );
      return asList ? lists : lists[0]!;
    };
    const fields: BatchFields = { input_ids: field("input_ids") };
    if (call.return_token_type_ids ?? names.includes("token_type_ids")) fields.token_type_ids = field("token_type_ids");
    if (call.return_attention_mask ?? names.includes("attention_mask")) fields.attention_mask = field("attention_mask");
    if (call.return_special_tokens_mask) fields.special_tokens_mask = field("special_tokens_mask");
    if (call.return_length) fields.length = rows.map((row) => Math.max(row.length, minimum));
    if (call.return_overflowing_tokens) fields.overflow_to_sample_mapping = rows.map((row) => row.sample);
    return fields;
  }

  /** Every row in full. @param tokenOf text of a token's id. */
  encodings(tokenOf: (id: number) => string): Encoding[] {
    const minimum = this.#paddedLength();
    const encodings = this.#rows.map((row) => this.#encoding(row, minimum, tokenOf));
    // A sample's first row is its main one.
    let main: Encoding | undefined;
    this.#rows.forEach((row, i) => {
      if (row.overflow === 0) main = encodings[i];
      else main!.overflowing.push(encodings[i]!);
    });
    return encodings;
  }

  #paddedLength(): number {
    const { padding, max_length, pad_to_multiple_of: multiple } = this.#settings.call;
    if (padding === "do_not_pad") return 0;
    const length = padding === "longest" ? this.#longest : (max_length ?? 0);
    return multiple ? Math.ceil(length / multiple) * multiple : length;
  }

  #tensor(field: Field, minimum: number): IntTensor {
    const rows = this.#rows;
    const length = rows.length > 0 ? Math.max(rows[0]!.length, minimum) : 0;
    const data = new Int32Array(rows.length * length);
    rows.forEach((row, i) => {
      if (Math.max(row.length, minimum) !== length) {
        throw new TokenizerError(
          "ragged",
          `Unable to create tensor: row 0 has ${length} tokens, row ${i} has ${row.length}; activate padding and truncation`,
          { row: i },
        );
      }
      this.#write(field, data, i * length, row, minimum);
    });
    return { data, shape: [rows.length, length] };
  }

  /** Writes one field of one row, from position `at` on. */
  #write<T extends number[] | Int32Array>(field: Field, target: T, at: number, row: Row, minimum: number): T {
    const { call, padding, sink, template } = this.#settings;
    const { ids } = sink;
    const isIds = field === "input_ids";
    const isTypes = field === "token_type_ids";
    const end = at + Math.max(row.length, minimum);
    const filler = isIds ? padding.id : isTypes ? padding.typeId : field === "attention_mask" ? 0 : 1;
    if (call.padding_side === "left") for (const from = end - row.length; at < from; ) target[at++] = filler;
    for (const piece of row.pairFrom < 0 ? template.single : template.pair) {
      let value = 1;
      let stop = at;
      if ("ids" in piece) {
        if (!call.add_special_tokens) continue;
        if (isIds) for (const id of piece.ids) target[at++] = id;
        stop += piece.ids.length;
        if (isTypes) value = piece.typeId;
      } else {
        const from = piece.sequence ? row.pairFrom : row.from;
        const to = piece.sequence ? row.pairTo : row.to;
        if (isIds) for (let i = from; i < to; i++) target[at++] = ids[i]!;
        stop += to - from;
        // The reference gives a template's type ids to the first window only.
        if (isTypes) value = row.overflow & (piece.sequence + 1) ? piece.sequence : piece.typeId;
        if (field === "special_tokens_mask") value = 0;
      }
      while (at < stop) target[at++] = value;
    }
    while (at < end) target[at++] = filler;
    return target;
  }

  /** The offsets of each token of each row. */
  offsets(): Span[][] {
    const minimum = this.#paddedLength();
    return this.#rows.map((row) => {
      const { starts, ends } = this.#settings.sink;
      const offsets = Array.from({ length: Math.max(row.length, minimum) }, (): Span => [0, 0]);
      const put = (at: number, i: number): void => {
        offsets[at] = [starts[i]!, ends[i]!];
      };
      this.#walk(row, minimum, put, () => {});
      return offsets;
    });
  }

  /** Calls back for each token of the sequences: where it stands in the row, and in the sink. */
  #walk(
    row: Row,
    minimum: number,
    visit: (at: number, i: number) => void,
    special: (at: number, token: string) => void,
  ): Span[] {
    const { call, template } = this.#settings;
    const ranges: Span[] = [];
    let at = call.padding_side === "left" ? Math.max(minimum - row.length, 0) : 0;
    for (const piece of row.pairFrom < 0 ? template.single : template.pair) {
      if ("ids" in piece) {
        if (!call.add_special_tokens) continue;
        for (const token of piece.tokens) special(at++, token);
        continue;
      }
      const from = piece.sequence ? row.pairFrom : row.from;
      const to = piece.sequence ? row.pairTo : row.to;
      ranges[piece.sequence] = [at, at + to - from];
      for (let i = from; i < to; i++) visit(at++, i);
    }
    return ranges;
  }

  #encoding(row: Row, minimum: number, tokenOf: (id: number) => string): Encoding {
    const { padding, sink } = this.#settings;
    const length = Math.max(row.length, minimum);
    const list = (field: Field): number[] => this.#write(field, new Array<number>(length), 0, row, minimum);
    const tokens = new Array<string>(length).fill(padding.token);
    const offsets: Span[] = tokens.map(() => [0, 0]);
    const wordIds = new Array<number | null>(length).fill(null);
    const sequenceRanges = this.#walk(
      row,
      minimum,
      (at, i) => {
        tokens[at] = sink.strings.get(i) ?? tokenOf(sink.ids[i]!);
        offsets[at] = [sink.starts[i]!, sink.ends[i]!];
        wordIds[at] = sink.words[i]!;
      },
      (at, token) => {
        tokens[at] = token;
      },
    );
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
