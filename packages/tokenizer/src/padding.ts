import type { IntTensor } from "./batch-encoding.js";
import type { ResolvedCall } from "./call-options.js";
import { TokenizerError } from "./errors.js";

/** Length that shorter rows are padded to, 0 for none. */
export function paddedLength(call: ResolvedCall, longest: number): number {
  const { padding, max_length = 0, pad_to_multiple_of: multiple } = call;
  if (padding === "do_not_pad") return 0;
  const length = padding === "longest" ? longest : max_length;
  return multiple && length % multiple ? length + multiple - (length % multiple) : length;
}

/** Rows in one array. */
export function toTensor(rows: readonly (readonly number[])[], name: string): IntTensor {
  const length = rows[0]?.length ?? 0;
  const data = new Int32Array(rows.length * length);
  rows.forEach((row, i) => {
    if (row.length !== length) throw raggedError(name, length, i, row.length);
    data.set(row, i * length);
  });
  return { data, shape: [rows.length, length] };
}

export function raggedError(name: string, first: number, row: number, length: number): TokenizerError {
  return new TokenizerError(
    "ragged",
    `Unable to create tensor, you should probably activate truncation and/or padding with 'padding: true' 'truncation: true' to have batched tensors with the same length: ${name} has ${first} in row 0 and ${length} in row ${row}`,
    { field: name, row },
  );
}
