import type { TokenSink } from "../token-sink.js";
import { decompose, isCombining } from "../unicode/decompose.js";
import { sortRuns } from "../unicode/marks.js";

/** A code point on its way through the normalizers, and the stretch of the original, in UTF-16 units, it stands for. */
export type Aligned = readonly [point: number, start: number, end: number];

/**
 * A text on its way through the normalizers. As in the reference (`NormalizedString`), what is added shares the place of
 * what stands before it.
 */
export class AlignedText {
  items: Aligned[] = [];
  /** Where it begins in the original. */
  declare readonly from: number;

  constructor(text: string, from = 0, to = text.length) {
    this.from = from;
    let at = from;
    for (const character of text.slice(from, to)) {
      const start = at;
      at += character.length;
      this.items.push([character.codePointAt(0)!, start, at]);
    }
  }

  /** Replaces each code point by any number of others. */
  mapEach(map: (codePoint: number) => readonly number[]): void {
    this.items = this.items.flatMap(([point, start, end]) => map(point).map((made): Aligned => [made, start, end]));
  }

  /**
   * The parts of a decomposition in their order, each with 1 if it is more than the text had, 0 for the first of what was one.
   */
  parts(partsOf: (codePoint: number) => readonly number[]): (readonly [part: number, change: number])[] {
    const parts = this.items.flatMap(([point]) => partsOf(point).map((part, i) => [part, i > 0 ? 1 : 0] as const));
    sortRuns(parts, ([part]) => part, isCombining);
    return parts;
  }

  /**
   * NFD, or another decomposition. Where combining code points change places, the origins do not: the reference counts off
   * one origin for each first part of a decomposition, in the order that results.
   */
  decompose(partsOf: (codePoint: number) => readonly number[] = decompose): void {
    const { items } = this;
    let next = 0;
    this.items = this.parts(partsOf).map(([part, change]): Aligned => {
      next += 1 - change;
      const [, start, end] = items[next - 1]!;
      return [part, start, end];
    });
  }

  toText(): string {
    let text = "";
    for (const [point] of this.items) text += String.fromCodePoint(point);
    return text;
  }

  /** Turns offsets in this text, of a sink's last tokens, into offsets in the original. */
  toOrigins(sink: TokenSink, first: number): void {
    // One for each UTF-16 unit.
    const units = this.items.flatMap((item) => (item[0] > 0xffff ? [item, item] : [item]));
    for (let i = first; i < sink.length; i++) {
      sink.starts[i] = units[sink.starts[i]!]![1];
      sink.ends[i] = units[sink.ends[i]! - 1]![2];
    }
  }
}
