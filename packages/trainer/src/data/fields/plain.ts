import type { PlainExample } from "../examples.js";
import type { FieldMapping } from "./mapping.js";
import { stringAt } from "./row.js";

/** Plain texts (fill-mask). */
export function plainFields({
  textColumn = "text",
}: {
  readonly textColumn?: string;
} = {}): FieldMapping<PlainExample> {
  return { required: [textColumn], read: (row, where) => ({ text: stringAt(row, textColumn, where) }) };
}
