/**
 * Reads the generated tables: whole numbers in base 28, least digit first, digits from "#" on; a digit 28 places further
 * on says that more follow. See tooling/reference/tokenizer-tables.py.
 */
export function readNumbers(table: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (let i = 0; i < table.length; i++) {
    const digit = table.charCodeAt(i) - 35;
    value += (digit % 28) * scale;
    scale *= 28;
    if (digit < 28) {
      numbers.push(value);
      value = 0;
      scale = 1;
    }
  }
  return numbers;
}

/** Undoes the zigzag: 0, -1, 1, -2, 2 ... */
export const signed = (n: number): number => (n % 2 ? -(n + 1) / 2 : n / 2);

/** Running sums of zigzag differences. */
export function readDifferences(table: string): number[] {
  let at = 0;
  return readNumbers(table).map((n) => (at += signed(n)));
}

/** A table of runs outside and inside, alternately, as a test for code points. */
export function readSet(table: string): (codePoint: number) => boolean {
  const bounds = readBounds(table);
  return (codePoint) => (countUpTo(bounds, codePoint) & 1) === 1;
}

/** The members of such a table, ascending. */
export function readMembers(table: string): number[] {
  const bounds = readBounds(table);
  const members: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) for (let c = bounds[i]!; c < bounds[i + 1]!; c++) members.push(c);
  return members;
}

function readBounds(table: string): number[] {
  let at = 0;
  return readNumbers(table).map((n) => (at += n));
}

/** How many of the ascending `bounds` are at or below `value`. */
export function countUpTo(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
