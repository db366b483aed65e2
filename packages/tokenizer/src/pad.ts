import type { BatchFields, IntTensor } from "./batch-encoding.js";
import type { CallOptions, ResolvedCall } from "./call-options.js";
import { describe, TokenizerError } from "./errors.js";
import { isList, isShaped, readIds, readRows } from "./ids.js";
import type { Padding } from "./rows.js";

/** One encoding or a batch of them: what a call returns, or any object with such fields. */
export type EncodedInput = Readonly<Record<string, unknown>> | BatchFields;

export const PAD_OPTIONS = {
  padding: 0,
  max_length: 0,
  pad_to_multiple_of: 0,
  padding_side: 0,
  return_attention_mask: 0,
  return_tensors: 0,
  verbose: 0,
};

/** Options of `pad`. */
export type PadOptions = Pick<CallOptions, keyof typeof PAD_OPTIONS>;

/** Encodings as lists. */
interface Fields {
  readonly fields: Record<string, unknown>;
  /** Whether the ids came as a tensor or a typed array. */
  readonly isTensor: boolean;
}

const invalid = (problem: string): TokenizerError => new TokenizerError("invalid-input", `tokenizer: ${problem}`);

/** Lists out of tensors, typed arrays and lists of them. */
function plain(value: unknown): unknown {
  if (isShaped(value)) return readRows(value);
  return isList(value) ? Array.from(value, (item) => (typeof item === "bigint" ? Number(item) : plain(item))) : value;
}

/** One encoding's part of a field: a tensor of one row is that row. */
function plainRow(value: unknown): unknown {
  const rows = plain(value);
  return isShaped(value) && value.shape.length === 2 && (rows as unknown[]).length === 1
    ? (rows as unknown[])[0]
    : rows;
}

/**
 * The fields of one or several encodings.
 * @param main name of the ids' field.
 * @throws TokenizerError `invalid-input` for what is no encoding.
 */
export function readEncodings(encodings: unknown, main: string): Fields {
  const several = Array.isArray(encodings);
  const all = (several ? encodings : [encodings]) as Record<string, unknown>[];
  all.forEach((one, i) => {
    const where = several ? `encoding ${i} is` : "got";
    if (typeof one !== "object" || one === null || Array.isArray(one))
      throw invalid(`${where} ${describe(one)}; expected an encoding or a list of encodings with ${main}`);
    if (one[main] == null)
      throw invalid(`${where} an object without ${main}; expected an encoding or a list of encodings with ${main}`);
    if (!isList(one[main]) && !isShaped(one[main]))
      throw invalid(`${main} is ${describe(one[main])}; expected token ids`);
  });
  if (all.length === 0) throw invalid("there are no encodings to pad");
  const isTensor = isShaped(all[0]![main]) || !Array.isArray(all[0]![main]);
  const fields = Object.keys(all[0]!).map((name): [string, unknown] => {
    if (!several) return [name, plain(all[0]![name])];
    return [
      name,
      all.map((one, i) => {
        if (name in one) return plainRow(one[name]);
        throw invalid(`encoding ${i} has no ${name}, which the first one has`);
      }),
    ];
  });
  return { fields: Object.fromEntries(fields), isTensor };
}

/** Fills the rows up. @param names fields that the model takes, the ids first. */
export function padFields(
  fields: Readonly<Record<string, unknown>>,
  call: ResolvedCall,
  padding: Padding,
  names: readonly string[],
): BatchFields {
  const main = names[0]!;
  const ids = fields[main] as unknown[];
  const wantsMask = call.return_attention_mask ?? names.includes("attention_mask");
  // As in the reference, of nothing there is nothing to fill up.
  if (ids.length === 0) return (call.return_attention_mask ? { ...fields, attention_mask: [] } : fields) as never;
  const batched = Array.isArray(ids[0]);
  const table = Object.entries(fields).map(([name, value]): [string, unknown[]] => {
    if (batched && (!Array.isArray(value) || value.length !== ids.length))
      throw invalid(
        `Some items in the output dictionary have a different batch size than others: ${name} is ${describe(value)}, ${main} a list of ${ids.length}`,
      );
    return [name, batched ? (value as unknown[]) : [value]];
  });
  const rows = (batched ? ids : [ids]).map((row) => readIds(row, false));
  const result = new Map(table);
  result.set(main, rows);
  if (wantsMask && !result.has("attention_mask"))
    result.set(
      "attention_mask",
      rows.map((row) => row.map(() => 1)),
    );

  const multiple = call.pad_to_multiple_of || 1;
  let length = call.padding === "longest" ? Math.max(...rows.map((row) => row.length)) : (call.max_length ?? 0);
  length = call.padding === "do_not_pad" ? 0 : Math.ceil(length / multiple) * multiple;
  const fillers: Record<string, number> = {
    token_type_ids: padding.typeId,
    special_tokens_mask: 1,
    [main]: padding.id,
  };
  if (wantsMask) fillers["attention_mask"] = 0;
  for (const [name, filler] of Object.entries(fillers)) {
    const value = result.get(name);
    if (!value) continue;
    result.set(
      name,
      value.map((row, i) => {
        if (!Array.isArray(row)) throw invalid(`${name} of row ${i} is ${describe(row)}; expected a list`);
        const fill = new Array<number>(Math.max(0, length - rows[i]!.length)).fill(filler);
        return call.padding_side === "left" ? [...fill, ...row] : [...row, ...fill];
      }),
    );
  }
  const finish = ([name, value]: [string, unknown[]]): [string, unknown] => [
    name,
    call.return_tensors ? tensorOf(name, value) : batched ? value : value[0],
  ];
  return Object.fromEntries(Array.from(result, finish)) as never;
}

/** Rows of whole numbers in one array; anything else as it is. @throws TokenizerError `ragged`. */
function tensorOf(name: string, rows: unknown[]): IntTensor | unknown[] {
  if (!rows.every((row) => Array.isArray(row) && row.every((id) => Number.isInteger(id)))) return rows;
  const [first] = rows as number[][];
  (rows as number[][]).forEach((row, i) => {
    if (row.length === first!.length) return;
    throw new TokenizerError(
      "ragged",
      `Unable to create tensor: ${name} has ${first!.length} numbers in row 0 and ${row.length} in row ${i}; activate padding`,
      { row: i, field: name },
    );
  });
  return { data: Int32Array.from(rows.flat() as number[]), shape: [rows.length, first!.length] };
}
