import type { Matrix } from "../../operands.js";

/** Elements of a row where rows that follow each other without gaps are joined or cut into longer ones. */
const LONG_ROW = 4096;

/** The same matrices with rows of about {@link LONG_ROW} elements, where none has gaps between its rows. */
export function joined(matrices: readonly Matrix[]): readonly Matrix[] {
  const { rows, columns } = matrices[0]!;
  if (columns >= LONG_ROW || matrices.some((matrix) => matrix.stride !== columns || matrix.rows !== rows)) {
    return matrices;
  }
  let factor = Math.min(rows, Math.floor(LONG_ROW / Math.max(1, columns)));
  while (factor > 1 && rows % factor !== 0) {
    factor--;
  }
  return factor <= 1
    ? matrices
    : matrices.map((matrix) => ({
        ...matrix,
        rows: rows / factor,
        columns: columns * factor,
        stride: columns * factor,
      }));
}
