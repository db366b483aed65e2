import type { ResolvedCall } from "../call-options.js";
import { TokenizerError } from "../errors.js";
import type { Sample } from "../inputs.js";
import { type Padding, Rows } from "../rows.js";
import { startsWithSecond } from "../template.js";
import { TokenSink } from "../token-sink.js";
import { truncate } from "../truncation.js";
import type { FastPipeline } from "./pipeline.js";

/** Kept between calls, so that a call on a short text need not make one. */
let spare: TokenSink | undefined = new TokenSink(false);

/** What {@link encodeFast} works with. */
export interface FastEncoder {
  readonly pipeline: FastPipeline;
  readonly call: ResolvedCall;
  readonly padding: Padding;
  /** Fields that are returned unless the call says otherwise. */
  readonly names: readonly string[];
}

/**
 * Encodes samples and hands their rows on.
 * @param detail whether tokens' offsets and words are wanted.
 */
export function encodeFast<T>(
  encoder: FastEncoder,
  samples: readonly Sample[],
  detail: boolean,
  use: (rows: Rows) => T,
): T {
  const sink = (!detail && spare) || new TokenSink(detail);
  if (!detail) spare = undefined;
  sink.length = 0;
  const result = use(makeRows(encoder, samples, sink, addSamples(encoder, samples, sink)));
  if (!detail && sink.ids.length < 1 << 20) spare = sink;
  return result;
}

/** What tokenizing alone needs. */
interface Tokenizing {
  readonly pipeline: FastPipeline;
  readonly call: Pick<ResolvedCall, "offset_unit">;
}

/** Tokenizes samples into a sink. @returns where each sequence ends, one or two a sample. */
export function addSamples({ pipeline, call }: Tokenizing, samples: readonly Sample[], sink: TokenSink): number[] {
  const ends: number[] = [];
  for (const { first, second } of samples) {
    addSequence(pipeline, first, sink, call);
    ends.push(sink.length);
    if (second === undefined) continue;
    addSequence(pipeline, second, sink, call);
    ends.push(sink.length);
  }
  return ends;
}

/**
 * The reference asks this before it looks at any text.
 * @throws TokenizerError where windows could not go forward.
 */
export function checkStride({ pipeline, call }: FastEncoder): void {
  const special = pipeline.specialTokens(false);
  const { truncation, stride, max_length } = call;
  const room = (max_length ?? 0) - special;
  if (truncation === "do_not_truncate" || room < 0 || room >= stride) return;
  throw new TokenizerError(
    "truncation",
    `tokenizer stride set to ${stride}, which is greater than or equal to its effective max length of ${room} (= ${max_length} original max length - ${special} added special tokens), `,
    { stride, max_length },
  );
}

/** Truncates and puts rows together. @param ends of the sequences, see {@link addSamples}. */
export function makeRows(
  { pipeline, call, padding, names }: FastEncoder,
  samples: readonly Sample[],
  sink: TokenSink,
  ends: ArrayLike<number>,
): Rows {
  const rows = new Rows({ sink, call, padding, names, template: pipeline.stages.template });
  const { truncation, stride, truncation_side: side } = call;
  const isSwapped = startsWithSecond(pipeline.stages.template.pair);
  let end = 0;
  let next = 0;
  for (let i = 0; i < samples.length; i++) {
    const isPair = samples[i]!.second !== undefined;
    const begin = end;
    const middle = ends[next++]!;
    end = isPair ? ends[next++]! : middle;
    const special = call.add_special_tokens ? pipeline.specialTokens(isPair) : 0;
    // A max_length below the number of special tokens does not truncate at all: an underflow of the reference.
    const room = (call.max_length ?? 0) - special;
    if (truncation === "do_not_truncate" || room < 0 || end - begin <= room) {
      rows.add(i, begin, middle, isPair ? middle : -1, end, 0, special);
      continue;
    }
    const [as, bs] = truncate(middle - begin, isPair ? end - middle : undefined, truncation, room, stride, side);
    const add = (a: number, b: number): void => {
      const [from, to] = as[a]!;
      const [pairFrom, pairTo] = bs[b]!;
      const overflow = (a > 0 ? 1 : 0) + (b > 0 ? 2 : 0);
      rows.add(i, begin + from, begin + to, isPair ? middle + pairFrom : -1, middle + pairTo, overflow, special);
    };
    // Every window of the one with every window of the other, in the order in which the reference merges them.
    add(0, 0);
    if (!call.return_overflowing_tokens) continue;
    if (isSwapped) {
      for (let b = 1; b < bs.length; b++) for (let a = 0; a < as.length; a++) add(a, b);
      for (let a = 1; a < as.length; a++) add(a, 0);
      continue;
    }
    for (let a = 1; a < as.length; a++) for (let b = 0; b < bs.length; b++) add(a, b);
    for (let b = 1; b < bs.length; b++) add(0, b);
  }
  return rows;
}

function addSequence(
  pipeline: FastPipeline,
  sequence: Sample["first"],
  sink: TokenSink,
  call: Tokenizing["call"],
): void {
  const isText = typeof sequence === "string";
  sink.word = 0;
  (isText ? [sequence] : sequence).forEach((text, i) => {
    const first = sink.length;
    sink.fixedWord = isText ? -1 : i;
    pipeline.tokenize(text, sink);
    if (sink.detail && call.offset_unit === "code_point") toCodePoints(sink, first, text);
  });
}

/** Turns the offsets of the sink's last tokens from UTF-16 units into code points. */
function toCodePoints(sink: TokenSink, first: number, text: string): void {
  if (!/[\ud800-\udbff]/.test(text)) return;
  const points = new Int32Array(text.length + 1);
  // The second half of a pair begins no code point; its offset is never asked for.
  let unit = 0;
  let count = 0;
  for (const character of text) {
    points[unit] = count++;
    unit += character.length;
  }
  points[unit] = count;
  for (let i = first; i < sink.length; i++) {
    sink.starts[i] = points[sink.starts[i]!]!;
    sink.ends[i] = points[sink.ends[i]!]!;
  }
}
