import type { BatchFields } from "./batch-encoding.js";
import { type ResolvedCall, warnOnce } from "./call-options.js";
import { TokenizerError } from "./errors.js";
import { type Padding, Rows } from "./rows.js";
import { plainTemplate, type Template } from "./template.js";
import { TokenSink } from "./token-sink.js";

/** Ids of one sample: of its sequence and, for a pair, of the second. */
export type SampleIds = readonly [first: readonly number[], second: readonly number[] | undefined];

/** Rows out of ids, as `prepare_for_model` and `pad` of Python make them. */
export function encodeSlow(
  samples: readonly SampleIds[],
  call: ResolvedCall,
  padding: Padding,
  names: readonly string[],
  template: Template,
  batched: boolean,
): BatchFields {
  const { add_special_tokens, max_length, truncation, return_overflowing_tokens } = call;
  if (call.return_token_type_ids && !add_special_tokens) {
    throw new TokenizerError(
      "invalid-option",
      "Asking to return token_type_ids while setting add_special_tokens to False results in an undefined behavior. Please set add_special_tokens to True or set return_token_type_ids to None.",
    );
  }
  const sink = new TokenSink(false);
  // The reference pads no text without a token, unless it is one of a batch.
  const isEmpty = !batched && !add_special_tokens && samples[0]!.every((ids) => !ids?.length);
  const rows = new Rows({
    sink,
    call: { ...call, return_overflowing_tokens: false, padding: isEmpty ? "do_not_pad" : call.padding },
    padding,
    names,
    template: add_special_tokens ? template : untypedTemplate,
  });
  const cuts: (readonly number[])[] = [];
  const lengths: number[] = [];
  const excesses: number[] = [];
  samples.forEach(([first, second], i) => {
    if (return_overflowing_tokens && truncation === "longest_first" && second) {
      throw new TokenizerError(
        "invalid-option",
        "Not possible to return overflowing tokens for pair of sequences with the `longest_first`. Please select another truncation strategy than `longest_first`, for instance `only_second` or `only_first`.",
      );
    }
    const special = add_special_tokens ? (second ? 3 : 2) : 0;
    const total = first.length + (second?.length ?? 0) + special;
    const excess = total - (max_length ?? total);
    const cutting = truncation !== "do_not_truncate" && max_length && excess > 0;
    const [a, b, cut] = cutting ? truncateIds(first, second, excess, call) : [first, second, []];
    const begin = sink.length;
    sink.append(a);
    const middle = sink.length;
    if (b) sink.append(b);
    rows.add(i, begin, middle, b ? middle : -1, sink.length, 0, special);
    cuts.push(cut);
    excesses.push(excess);
    lengths.push(sink.length - begin + special);
  });
  const fields = rows.fields(batched);
  // A batch is counted before it is padded.
  if (call.return_length) fields.length = batched ? lengths : (fields.length as number[])[0]!;
  if (return_overflowing_tokens) {
    fields.overflowing_tokens = (batched ? cuts : cuts[0]) as number[];
    fields.num_truncated_tokens = batched ? excesses : excesses[0]!;
  }
  return fields;
}

// Without special tokens a pair's second sequence is of type 0 like the first.
const untypedTemplate: Template = {
  single: plainTemplate.single,
  pair: plainTemplate.pair.map((piece) => ({ ...piece, typeId: 0 })),
};

/** Takes `excess` ids away; what is cut, with `stride` of its neighbours, comes third (`truncate_sequences`). */
function truncateIds(
  first: readonly number[],
  second: readonly number[] | undefined,
  excess: number,
  { truncation, stride, truncation_side, verbose }: ResolvedCall,
): readonly [readonly number[], readonly number[] | undefined, readonly number[]] {
  const isLeft = truncation_side === "left";
  const without = (ids: readonly number[], count: number): readonly number[] =>
    isLeft ? ids.slice(count) : ids.slice(0, ids.length - count);
  if (truncation === "longest_first" && second) {
    let [a, b] = [first.length, second.length];
    for (let i = 0; i < excess; i++) {
      if (a > b) a--;
      else if (b > 0) b--;
    }
    return [without(first, first.length - a), without(second, second.length - b), []];
  }
  const target = truncation === "only_second" ? second : first;
  if (!target || target.length <= excess) {
    if (target && verbose)
      warnOnce(`A sequence is too short for '${truncation}' to respect max_length: it stays as it is.`);
    return [first, second, []];
  }
  const kept = without(target, excess);
  const count = Math.min(target.length, stride + excess);
  const cut = isLeft ? target.slice(0, count) : target.slice(target.length - count);
  return target === second ? [first, kept, cut] : [kept, second, cut];
}
