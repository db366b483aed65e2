import type { BatchFields } from "../batch-encoding.js";
import { TokenizerError } from "../errors.js";
import { type RowSettings, Rows } from "../rows.js";
import { plainTemplate, type Template } from "../template.js";
import { TokenSink } from "../token-sink.js";
import { truncateIds } from "./truncate-ids.js";

/** Ids of one sample: of its sequence and, for a pair, of the second. */
export type SampleIds = readonly [first: readonly number[], second: readonly number[] | undefined];

/**
 * Rows out of ids, as `prepare_for_model` and `pad` of Python make them.
 * @param visit hears of the length of each row before padding.
 */
export function encodeSlow(
  samples: readonly SampleIds[],
  settings: Omit<RowSettings, "sink">,
  batched: boolean,
  visit: (length: number) => void,
): BatchFields {
  const { call, padding, names, template } = settings;
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
    visit(lengths.at(-1)!);
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
