import type { ModelSource, WriteDestination } from "@convbert/files";
import { turn } from "@convbert/files/internal";
import { type Backend, type BackendOptions, sharedBackend, Tensor, tidy, type WeightDType } from "@convbert/tensor";
import { Best } from "./best.js";
import { SearchError } from "./errors.js";
import { INDEX_FILE, type IndexContents, readIndex, writeIndex } from "./index-file.js";
import { BLOCK, VectorRows } from "./rows.js";
import { dot, type VectorLike, vectorOf } from "./vectors.js";

export interface VectorIndexOptions extends BackendOptions {
  /** Numbers of a vector. */
  readonly size: number;
  /**
   * How vectors are kept; default "float32". "int8" (a scale for each vector) takes a quarter of the memory and is faster; the
   * best are then scored once more with the query in full.
   */
  readonly dtype?: WeightDType;
}

/** What is searched: a name, a vector, and the text that it stands for where it shall be kept. */
export interface IndexEntry {
  readonly id: string;
  readonly vector: VectorLike;
  readonly text?: string;
}

export interface SearchHit {
  readonly id: string;
  /** Dot product of the query and the vector: the cosine where both have length 1. */
  readonly score: number;
  readonly text?: string;
}

export interface SearchOptions {
  /** How many; default 10. */
  readonly k?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Queries that go through the kernels together. */
const QUERIES_AT_ONCE = 32;
/** The longest stretch of work before other work gets its turn, in milliseconds. */
const SLICE = 50;

/**
 * Vectors in memory, searched exactly: every query is compared with every vector by one matrix product. Some milliseconds for
 * each hundred thousand vectors; what needs more than one machine's memory belongs into a database of vectors.
 */
export class VectorIndex implements Disposable {
  readonly size: number;
  readonly dtype: WeightDType;
  readonly #backend: Backend;
  readonly #rows: VectorRows;
  /** Row of each id. */
  readonly #rowOf = new Map<string, number>();
  /** Id of each row; null for one that was removed. */
  readonly #ids: (string | null)[] = [];
  readonly #texts: (string | undefined)[] = [];
  readonly #free: number[] = [];
  #isDisposed = false;

  private constructor(backend: Backend, size: number, dtype: WeightDType) {
    this.#backend = backend;
    this.size = size;
    this.dtype = dtype;
    this.#rows = new VectorRows(backend, size, dtype);
  }

  /** An empty index. Throws SearchError for options out of range. */
  static async create({ size, dtype = "float32", ...backend }: VectorIndexOptions): Promise<VectorIndex> {
    if (!(Number.isSafeInteger(size) && size > 0)) {
      throw new SearchError("invalid-option", `size is ${size}; give the numbers of a vector`, { size });
    }
    if (dtype !== "float32" && dtype !== "int8") {
      throw new SearchError("invalid-option", `dtype is ${JSON.stringify(dtype)}; choose float32 or int8`, { dtype });
    }
    return new VectorIndex(await sharedBackend(backend), size, dtype);
  }

  /**
   * Loads an index that `save` wrote, or any safetensors file with one table of vectors, whose rows then are called "0", "1" and
   * so on.
   * @param name of the file in the source; "index.safetensors" by default.
   * @throws SearchError "format", FilesError and WeightsError.
   */
  static async load(
    source: ModelSource,
    {
      name = INDEX_FILE,
      dtype,
      ...backend
    }: Partial<Omit<VectorIndexOptions, "size">> & { readonly name?: string } = {},
  ): Promise<VectorIndex> {
    let index: VectorIndex | undefined;
    try {
      await readIndex(source, name, {
        begin: async (size, stored) => {
          index = await VectorIndex.create({ size, dtype: dtype ?? stored, ...backend });
        },
        rows: (values, ids, texts) => index!.#append(values, ids, texts),
        int8: (rows, ids, texts) => {
          if (index!.dtype !== "int8") return false;
          const first = index!.#rows.count;
          index!.#rows.writeInt8(first, rows);
          index!.#name(first, ids, texts);
          return true;
        },
      });
      return index!;
    } catch (error) {
      index?.dispose();
      throw error;
    }
  }

  /** How many vectors there are. */
  get length(): number {
    return this.#rowOf.size;
  }

  has(id: string): boolean {
    return this.#rowOf.has(id);
  }

  /** The vector of an id, as it is kept, and its text; undefined where there is none. */
  get(id: string): { readonly vector: Float32Array; readonly text?: string } | undefined {
    this.#assertUsable();
    const row = this.#rowOf.get(id);
    if (row === undefined) return undefined;
    const text = this.#texts[row];
    return { vector: this.#rows.read(row), ...(text !== undefined && { text }) };
  }

  /** All ids, in the order of their rows. */
  ids(): IterableIterator<string> {
    return this.#ids.filter((id) => id !== null).values();
  }

  /** Adds a vector, or replaces the one of that id. Throws SearchError for a vector that does not fit; nothing has changed then. */
  add({ id, vector, text }: IndexEntry): void {
    this.addAll([text === undefined ? { id, vector } : { id, vector, text }]);
  }

  /** The same for many; all are checked before any is added. */
  addAll(entries: readonly IndexEntry[]): void {
    this.#assertUsable();
    const vectors = entries.map(({ id, vector }) => {
      if (typeof id !== "string") throw new SearchError("invalid-option", "an id must be a string", { id });
      return vectorOf(vector, this.size);
    });
    for (const [i, { id, text }] of entries.entries()) {
      const row = this.#rowOf.get(id) ?? this.#free.pop() ?? this.#rows.count;
      this.#rows.write(row, vectors[i]!);
      this.#rowOf.set(id, row);
      this.#ids[row] = id;
      this.#texts[row] = text;
    }
  }

  /** Removes a vector; whether there was one. Its room is used again. */
  remove(id: string): boolean {
    this.#assertUsable();
    const row = this.#rowOf.get(id);
    if (row === undefined) return false;
    this.#rowOf.delete(id);
    this.#ids[row] = null;
    this.#texts[row] = undefined;
    this.#free.push(row);
    return true;
  }

  /** The vectors with the largest dot products, best first. Throws SearchError; the signal's reason when it aborts. */
  async search(query: VectorLike, options: SearchOptions = {}): Promise<SearchHit[]> {
    return (await this.searchAll([query], options))[0]!;
  }

  /** The same for several queries, which is faster than one after the other. */
  async searchAll(queries: readonly VectorLike[], { k = 10, signal }: SearchOptions = {}): Promise<SearchHit[][]> {
    this.#assertUsable();
    if (!(Number.isSafeInteger(k) && k > 0))
      throw new SearchError("invalid-option", `k is ${k}; give 1 or more`, { k });
    const vectors = queries.map((query) => vectorOf(query, this.size));
    const hits: SearchHit[][] = [];
    for (let at = 0; at < vectors.length; at += QUERIES_AT_ONCE) {
      hits.push(...(await this.#best(vectors.slice(at, at + QUERIES_AT_ONCE), k, signal)));
    }
    return hits;
  }

  /** Writes the index into one safetensors file; removed vectors leave no gap. Throws FilesError. */
  async save(destination: WriteDestination, { name = INDEX_FILE }: { readonly name?: string } = {}): Promise<void> {
    this.#assertUsable();
    await writeIndex(destination, name, this.#contents());
  }

  /** Gives back the memory; later calls throw. Harmless when repeated. */
  dispose(): void {
    this.#isDisposed = true;
    this.#rows.dispose();
    this.#rowOf.clear();
    this.#ids.length = 0;
    this.#texts.length = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #best(queries: readonly Float32Array[], k: number, signal: AbortSignal | undefined): Promise<SearchHit[][]> {
    // Scores of int8 vectors are near; the right order is among some more.
    const wanted = Math.min(this.dtype === "int8" ? 4 * k + 16 : k, Math.max(1, this.length));
    const best = queries.map(() => new Best(wanted));
    let last = performance.now();
    for (const block of this.#rows.blocks()) {
      signal?.throwIfAborted();
      tidy(() => {
        const all = new Float32Array(queries.length * this.size);
        for (const [i, query] of queries.entries()) all.set(query, i * this.size);
        const left = Tensor.from(this.#backend, all, [queries.length, this.size]);
        const scores = Tensor.allocate(this.#backend, [queries.length, BLOCK]);
        this.#backend.linear(left.matrix(), block.weights, null, "linear", scores.matrix());
        const values = scores.data;
        for (const [i, one] of best.entries()) this.#collect(one, values, i * BLOCK, block.first, block.count);
      });
      if (performance.now() - last > SLICE) {
        await turn();
        this.#assertUsable();
        last = performance.now();
      }
    }
    return best.map((one, i) => this.#hits(one, queries[i]!, k));
  }

  #collect(best: Best, values: Float32Array, at: number, first: number, count: number): void {
    let { least } = best;
    for (let row = 0; row < count; row++) {
      const score = values[at + row]!;
      if (!(score > least) || this.#ids[first + row] === null) continue;
      best.add(first + row, score);
      ({ least } = best);
    }
  }

  #hits(best: Best, query: Float32Array, k: number): SearchHit[] {
    let found = best.rows.map((row, i) => ({ row, score: best.scores[i]! }));
    if (this.dtype === "int8") {
      found = found.map(({ row }) => ({ row, score: dot(query, this.#rows.read(row)) }));
      found.sort((a, b) => b.score - a.score || a.row - b.row);
    }
    return found.slice(0, k).map(({ row, score }) => {
      const text = this.#texts[row];
      return { id: this.#ids[row]!, score, ...(text !== undefined && { text }) };
    });
  }

  #append(values: Float32Array, ids: readonly string[], texts: readonly (string | undefined)[]): void {
    const first = this.#rows.count;
    this.#rows.write(first, values);
    this.#name(first, ids, texts);
  }

  #name(first: number, ids: readonly string[], texts: readonly (string | undefined)[]): void {
    for (const [i, id] of ids.entries()) {
      if (this.#rowOf.has(id)) {
        throw new SearchError("format", `the file has the id ${JSON.stringify(id.slice(0, 100))} twice`);
      }
      this.#rowOf.set(id, first + i);
      this.#ids[first + i] = id;
      this.#texts[first + i] = texts[i];
    }
  }

  #contents(): IndexContents {
    const live = this.#ids.flatMap((id, row) => (id === null ? [] : [row]));
    return {
      size: this.size,
      dtype: this.dtype,
      ids: live.map((row) => this.#ids[row]!),
      texts: live.map((row) => this.#texts[row]),
      row: (index) => this.#rows.read(live[index]!),
      int8Row: (index) => this.#rows.readInt8(live[index]!, 1),
    };
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new SearchError("disposed", "the index was disposed; load it again");
  }
}
