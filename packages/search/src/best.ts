/** The `count` best of scores that come in blocks, best first; of equals the one that came first is better. */
export class Best {
  readonly rows: number[] = [];
  readonly scores: number[] = [];
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  /** What a score must be above to be taken. */
  get least(): number {
    return this.scores.length < this.#count ? Number.NEGATIVE_INFINITY : this.scores.at(-1)!;
  }

  add(row: number, score: number): void {
    if (this.scores.length === this.#count) {
      if (!(score > this.scores.at(-1)!)) return;
      this.scores.pop();
      this.rows.pop();
    }
    // Behind all that are as good.
    let [low, high] = [0, this.scores.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.scores[middle]! >= score) low = middle + 1;
      else high = middle;
    }
    this.scores.splice(low, 0, score);
    this.rows.splice(low, 0, row);
  }
}
