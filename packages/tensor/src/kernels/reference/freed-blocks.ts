/**
 * Freed blocks by size class, for reuse: a model asks for the same sizes call after call. Classes are powers of two
 * divided in four, so that at most a fifth of a block is unused.
 */
export class FreedBlocks<Block> {
  readonly #free = new Map<number, Block[]>();
  pooledBytes = 0;

  /** The bytes really reserved for a request. */
  static sizeClass(byteLength: number): number {
    const size = Math.max(64, byteLength);
    const quarter = 2 ** Math.max(6, Math.floor(Math.log2(size)) - 2);
    return Math.ceil(size / quarter) * quarter;
  }

  take(sizeClass: number): Block | undefined {
    const block = this.#free.get(sizeClass)?.pop();
    if (block !== undefined) {
      this.pooledBytes -= sizeClass;
    }
    return block;
  }

  give(sizeClass: number, block: Block): void {
    const blocks = this.#free.get(sizeClass);
    if (blocks === undefined) {
      this.#free.set(sizeClass, [block]);
    } else {
      blocks.push(block);
    }
    this.pooledBytes += sizeClass;
  }

  clear(): void {
    this.#free.clear();
    this.pooledBytes = 0;
  }
}
