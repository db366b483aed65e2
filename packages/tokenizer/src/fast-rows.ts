import type { ResolvedCall } from "./call-options.js";
import { TokenizerError } from "./errors.js";
import type { FastPipeline } from "./fast-pipeline.js";
import type { Sample } from "./inputs.js";
import { type Padding, Rows } from "./rows.js";
import { TokenSink } from "./token-sink.js";
import { truncate } from "./truncation.js";

/** Kept between calls, so that a call on a short text need not make one. */
let spare: TokenSink | undefined = new TokenSink(false);

/**
 * Encodes samples with a fast pipeline and hands their rows on.
 * @param detail whether tokens' places and words are wanted.
 */
export function encodeFast<T>(
  pipeline: FastPipeline,
  samples: readonly Sample[],
  call: ResolvedCall,
  padding: Padding,
  names: readonly string[],
  detail: boolean,
  use: (rows: Rows) => T,
): T {
  const sink = (!detail && spare) || new TokenSink(detail);
  if (!detail) spare = undefined;
  sink.length = 0;
  const rows = new Rows({ sink, call, padding, names, template: pipeline.stages.template });
  const { truncation, stride, truncation_side: side } = call;
  const max_length = call.max_length ?? 0;
  const single = pipeline.specialTokens(false);
  // The reference asks this before it looks at any text.
  const least = max_length - single;
  if (truncation !== "do_not_truncate" && least >= 0 && least < stride) {
    throw new TokenizerError(
      "truncation",
      `tokenizer stride set to ${stride}, which is greater than or equal to its effective max length of ${least} (= ${max_length} original max length - ${single} added special tokens), `,
      { stride, max_length },
    );
  }
  for (let i = 0; i < samples.length; i++) {
    const { first, second } = samples[i]!;
    const isPair = second !== undefined;
    const begin = sink.length;
    addSequence(pipeline, first, sink, call);
    const middle = sink.length;
    if (isPair) addSequence(pipeline, second, sink, call);
    const end = sink.length;
    const special = call.add_special_tokens ? pipeline.specialTokens(isPair) : 0;
    // A max_length below the number of special tokens does not truncate at all: an underflow of the reference.
    const room = max_length - special;
    const pairFrom = isPair ? middle : -1;
    if (truncation === "do_not_truncate" || room < 0 || end - begin <= room) {
      rows.add(i, begin, middle, pairFrom, end, 0, special);
      continue;
    }
    const [as, bs] = truncate(middle - begin, isPair ? end - middle : undefined, truncation, room, stride, side);
    const add = (a: number, b: number): void => {
      const [from, to] = as[a]!;
      const [pairBegin, pairEnd] = bs[b]!;
      const overflow = (a > 0 ? 1 : 0) + (b > 0 ? 2 : 0);
      rows.add(i, begin + from, begin + to, isPair ? middle + pairBegin : -1, middle + pairEnd, overflow, special);
    };
    // Every window of the one with every window of the other, in the order in which the reference merges them.
    add(0, 0);
    if (!call.return_overflowing_tokens) continue;
    for (let a = 1; a < as.length; a++) for (let b = 0; b < bs.length; b++) add(a, b);
    for (let b = 1; b < bs.length; b++) add(0, b);
  }
  const result = use(rows);
  if (!detail && sink.ids.length < 1 << 20) spare = sink;
  return result;
}

function addSequence(pipeline: FastPipeline, sequence: Sample["first"], sink: TokenSink, call: ResolvedCall): void {
  sink.word = 0;
  sink.fixedWord = -1;
  if (typeof sequence === "string") addText(pipeline, sequence, sink, call);
  else {
    for (let i = 0; i < sequence.length; i++) {
      sink.fixedWord = i;
      addText(pipeline, sequence[i]!, sink, call);
    }
  }
}

function addText(pipeline: FastPipeline, text: string, sink: TokenSink, call: ResolvedCall): void {
  const first = sink.length;
  pipeline.tokenize(text, sink);
  if (sink.detail && call.offset_unit === "code_point") toCodePoints(sink, first, text);
}

/** Turns the places of the sink's last tokens from UTF-16 units into code points. */
function toCodePoints(sink: TokenSink, first: number, text: string): void {
  if (!/[\ud800-\udbff]/.test(text)) return;
  const points = new Int32Array(text.length + 1);
  // The second half of a pair begins no code point; its place is never asked for.
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
