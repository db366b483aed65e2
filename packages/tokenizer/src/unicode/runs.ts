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

/** A table of runs outside and inside, alternately, as a test for code points; read when the first is asked for. */
export function setOf(table: string): (codePoint: number) => boolean {
  let bounds: number[] | undefined;
  return (codePoint) => {
    if (!bounds) {
      let at = 0;
      bounds = readNumbers(table).map((n) => (at += n));
    }
    return (countUpTo(bounds, codePoint) & 1) === 1;
  };
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
