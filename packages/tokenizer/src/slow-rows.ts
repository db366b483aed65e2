import type { BatchFields, FieldValue } from "./batch-encoding.js";
import { type ResolvedCall, warnOnce } from "./call-options.js";
import { TokenizerError } from "./errors.js";
import { paddedLength, toTensor } from "./padding.js";

/** Ids of one sample: of its sequence and, for a pair, of the second. */
export interface SampleIds {
  readonly first: readonly number[];
  readonly second: readonly number[] | undefined;
}

/** What the rows need of their tokenizer. */
export interface RowMaker {
  readonly modelInputNames: readonly string[];
  readonly padTokenId: number | undefined;
  readonly padTokenTypeId: number;
  buildInputsWithSpecialTokens(ids: readonly number[], pair?: readonly number[]): number[];
  createTokenTypeIdsFromSequences(ids: readonly number[], pair?: readonly number[]): number[];
  getSpecialTokensMask(ids: readonly number[], pair?: readonly number[]): number[];
}

type SlowRow = Record<string, number[] | number>;

/** Rows out of ids, as `prepare_for_model` and `pad` of Python make them. */
export function slowFields(
  samples: readonly SampleIds[],
  maker: RowMaker,
  call: ResolvedCall,
  batched: boolean,
): BatchFields {
  const rows = samples.map((sample) => slowRow(sample, maker, call));
  const longest = rows.reduce((length, row) => Math.max(length, (row["input_ids"] as number[]).length), 0);
  const target = paddedLength(call, longest);
  for (const row of rows) pad(row, target, maker, call);
  if (call.return_length) {
    // A batch counts before it is padded, a single text afterwards.
    rows.forEach((row) => {
      if (!batched) row["length"] = (row["input_ids"] as number[]).length;
    });
  }
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(rows[0] ?? { input_ids: 0 })) {
    const values = rows.map((row) => row[name]!);
    const isList = Array.isArray(values[0] ?? []);
    fields[name] = call.return_tensors && isList ? toTensor(values as number[][], name) : batched ? values : values[0];
  }
  return fields as unknown as BatchFields<FieldValue>;
}

function slowRow({ first, second }: SampleIds, maker: RowMaker, call: ResolvedCall): SlowRow {
  const { add_special_tokens, max_length, truncation } = call;
  if (call.return_token_type_ids && !add_special_tokens) {
    throw new TokenizerError(
      "invalid-option",
      "Asking to return token_type_ids while setting add_special_tokens to False results in an undefined behavior. Please set add_special_tokens to True or set return_token_type_ids to None.",
    );
  }
  if (call.return_overflowing_tokens && truncation === "longest_first" && second) {
    throw new TokenizerError(
      "invalid-option",
      "Not possible to return overflowing tokens for pair of sequences with the `longest_first`. Please select another truncation strategy than `longest_first`, for instance `only_second` or `only_first`.",
    );
  }
  const total = first.length + (second?.length ?? 0) + (add_special_tokens ? (second ? 3 : 2) : 0);
  let [a, b]: readonly (readonly number[] | undefined)[] = [first, second];
  let cut: readonly number[] = [];
  if (truncation !== "do_not_truncate" && max_length && total > max_length) {
    [a, b, cut] = truncateIds(first, second, total - max_length, call);
  }
  const row: SlowRow = {};
  if (call.return_overflowing_tokens) {
    row["overflowing_tokens"] = [...cut];
    row["num_truncated_tokens"] = total - (max_length ?? total);
  }
  const ids = add_special_tokens ? maker.buildInputsWithSpecialTokens(a!, b) : [...a!, ...(b ?? [])];
  row["input_ids"] = ids;
  const wants = (option: boolean | undefined, name: string): boolean => option ?? maker.modelInputNames.includes(name);
  if (wants(call.return_token_type_ids, "token_type_ids")) {
    row["token_type_ids"] = add_special_tokens ? maker.createTokenTypeIdsFromSequences(a!, b) : ids.map(() => 0);
  }
  if (call.return_special_tokens_mask) {
    row["special_tokens_mask"] = add_special_tokens ? maker.getSpecialTokensMask(a!, b) : ids.map(() => 0);
  }
  if (call.return_length) row["length"] = ids.length;
  if (wants(call.return_attention_mask, "attention_mask")) row["attention_mask"] = ids.map(() => 1);
  return row;
}

type Truncated = [readonly number[], readonly number[] | undefined, readonly number[]];

/** Takes `excess` ids away; what is cut, with `stride` of its neighbours, comes third (`truncate_sequences`). */
function truncateIds(
  first: readonly number[],
  second: readonly number[] | undefined,
  excess: number,
  call: ResolvedCall,
): Truncated {
  const { truncation, stride, truncation_side } = call;
  const isLeft = truncation_side === "left";
  const keep = (ids: readonly number[], count: number): readonly number[] =>
    isLeft ? ids.slice(ids.length - count) : ids.slice(0, count);
  const overflow = (ids: readonly number[]): readonly number[] => {
    const count = Math.min(ids.length, stride + excess);
    return isLeft ? ids.slice(0, count) : ids.slice(ids.length - count);
  };
  if (truncation === "longest_first" && second) {
    let [a, b] = [first.length, second.length];
    for (let i = 0; i < excess; i++) {
      if (a > b) a--;
      else if (b > 0) b--;
    }
    return [keep(first, a), keep(second, b), []];
  }
  const target = truncation === "only_second" ? second : first;
  if (!target) return [first, second, []];
  if (target.length <= excess) {
    if (call.verbose) {
      warnOnce(
        `We need to remove ${excess} to truncate the input but the sequence has a length ${target.length}: it stays as it is. Please select another truncation strategy than ${truncation}.`,
      );
    }
    return [first, second, []];
  }
  const kept = keep(target, target.length - excess);
  return target === second ? [first, kept, overflow(target)] : [kept, second, overflow(target)];
}

function pad(row: SlowRow, target: number, maker: RowMaker, call: ResolvedCall): void {
  const missing = target - (row["input_ids"] as number[]).length;
  if (missing <= 0) return;
  const padding: Record<string, number> = {
    input_ids: maker.padTokenId!,
    token_type_ids: maker.padTokenTypeId,
    attention_mask: 0,
    special_tokens_mask: 1,
  };
  for (const [name, value] of Object.entries(padding)) {
    const list = row[name];
    if (!Array.isArray(list)) continue;
    const added = new Array<number>(missing).fill(value);
    row[name] = call.padding_side === "left" ? [...added, ...list] : [...list, ...added];
  }
}
