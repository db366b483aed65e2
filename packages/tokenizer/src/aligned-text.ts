import type { TokenSink } from "./token-sink.js";
import { type Decomposition, decompose, isCombining, rankCombining } from "./unicode/decompose.js";

/**
 * A text on its way through the normalizers: code points, and for each the place in the original it stands for. As in
 * the reference (`NormalizedString`), what is added shares the place of what stands before it.
 */
export class AlignedText {
  points: number[] = [];
  /** UTF-16 place in the original where each code point's origin begins and ends. */
  starts: number[] = [];
  ends: number[] = [];

  constructor(text: string, from: number, to: number) {
    for (let i = from; i < to; ) {
      const c = text.codePointAt(i)!;
      const width = c > 0xffff && i + 1 < to ? 2 : 1;
      this.points.push(width === 1 && c > 0xffff ? text.charCodeAt(i) : c);
      this.starts.push(i);
      i += width;
      this.ends.push(i);
    }
  }

  /** Replaces each code point by any number of others. */
  mapEach(map: (codePoint: number) => readonly number[]): void {
    const { points, starts, ends } = this;
    this.points = [];
    this.starts = [];
    this.ends = [];
    for (let i = 0; i < points.length; i++) {
      for (const c of map(points[i]!)) {
        this.points.push(c);
        this.starts.push(starts[i]!);
        this.ends.push(ends[i]!);
      }
    }
  }

  /**
   * NFD, or NFKD. Where combining code points change places, the origins do not: the reference counts off one origin for each
   * first part of a decomposition, in the order that results.
   */
  decompose(form?: Decomposition): void {
    const { points, starts, ends } = this;
    const parts: { readonly point: number; readonly first: boolean }[] = [];
    for (const c of points) {
      decompose(c, form).forEach((point, i) => {
        parts.push({ point, first: i === 0 });
      });
    }
    for (let from = 0; from < parts.length; from++) {
      let to = from;
      while (to < parts.length && isCombining(parts[to]!.point)) to++;
      if (to - from > 1) {
        const run = parts.slice(from, to);
        const ranks = rankCombining(run.map((part) => part.point));
        run.sort((a, b) => ranks.get(a.point)! - ranks.get(b.point)!);
        for (let i = 0; i < run.length; i++) parts[from + i] = run[i]!;
      }
      from = to;
    }
    let origin = -1;
    this.points = [];
    this.starts = [];
    this.ends = [];
    for (const { point, first } of parts) {
      if (first) origin++;
      this.points.push(point);
      this.starts.push(starts[origin]!);
      this.ends.push(ends[origin]!);
    }
  }

  toText(): string {
    let text = "";
    for (const point of this.points) text += String.fromCodePoint(point);
    return text;
  }

  /** Turns places in this text, of a sink's last tokens, into places in the original. */
  toOrigins(sink: TokenSink, first: number): void {
    // The code point that each UTF-16 unit belongs to.
    const places: number[] = [];
    this.points.forEach((point, i) => {
      places.push(i);
      if (point > 0xffff) places.push(i);
    });
    for (let i = first; i < sink.length; i++) {
      sink.starts[i] = this.starts[places[sink.starts[i]!]!]!;
      sink.ends[i] = this.ends[places[sink.ends[i]! - 1]!]!;
    }
  }
}
