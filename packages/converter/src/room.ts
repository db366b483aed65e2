import { WeightsError } from "./errors.js";

/**
 * An array for a whole tensor, or an error that says what to do instead: engines end at 2, 4 or 8 GiB.
 * @param length elements.
 */
export function roomFor<Kind>(length: number, make: (length: number) => Kind, file?: string): Kind {
  try {
    return make(length);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = `${length} values do not fit into one array here; read the tensor with stream() or bytes()`;
    throw new WeightsError("unsupported", message, { cause, ...(file !== undefined && { file }) });
  }
}
