import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { seededRandom } from "../config/seeded.ts";

// The index of @convbert/search beside a plain loop and, where its package is given, sqlite-vec: milliseconds of a query for the
// best ten, memory, and whether the same ten are found. Needs a build and the pinned Node.

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: flags } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    size: { type: "string", default: "256" },
    queries: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    /** A folder in which sqlite-vec is installed. */
    peers: { type: "string" },
  },
});
const [count, size, queryCount, rounds] = [flags.count, flags.size, flags.queries, flags.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];

interface Index {
  addAll(entries: { id: string; vector: Float32Array }[]): void;
  search(query: Float32Array, options: { k: number }): Promise<{ id: string }[]>;
}
const built = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(join(root, `packages/${name}/dist/index.js`)).href)) as T;
const { VectorIndex } = await built<{ VectorIndex: { create(options: object): Promise<Index> } }>("search");
const { enableWideVectors, sharedBackend } = await built<{
  enableWideVectors(): Promise<boolean>;
  sharedBackend(options: object): Promise<{ memory(): { liveBytes: number } }>;
}>("tensor");
await enableWideVectors();

/** Vectors of length 1 around a thousand centres, so that some are near others, as texts are. */
const uniform = seededRandom(1);
const random = (): number => 2 * uniform() - 1;
const unit = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
};
const centres = Array.from({ length: 1000 }, () => Float32Array.from({ length: size }, random));
const near = (i: number): Float32Array => unit(centres[i % 1000]!.map((value) => value + 0.7 * random()));
const vectors = new Float32Array(count * size);
for (let i = 0; i < count; i++) vectors.set(near(i), i * size);
const queries = Array.from({ length: queryCount }, (_, i) => near(i * 37));

const threads = Number(flags.threads);
const memory = async (): Promise<number> => (await sharedBackend({ threads })).memory().liveBytes;
const results: { name: string; search(query: Float32Array): Promise<string[]>; bytes: number }[] = [];
for (const dtype of ["float32", "int8"]) {
  const before = await memory();
  const index = await VectorIndex.create({ size, dtype, threads });
  for (let at = 0; at < count; at += 10_000) {
    index.addAll(
      Array.from({ length: Math.min(10_000, count - at) }, (_, i) => ({
        id: String(at + i),
        vector: vectors.subarray((at + i) * size, (at + i + 1) * size),
      })),
    );
  }
  results.push({
    name: `ours, ${dtype}, ${threads} threads`,
    search: async (query) => (await index.search(query, { k: 10 })).map(({ id }) => id),
    bytes: (await memory()) - before,
  });
}
results.push({ name: "plain loop", search: async (query) => plainLoop(query), bytes: vectors.byteLength });
if (flags.peers !== undefined) results.push(await sqliteVec(flags.peers));

function plainLoop(query: Float32Array): string[] {
  const best: { row: number; score: number }[] = [];
  for (let row = 0; row < count; row++) {
    let score = 0;
    const start = row * size;
    for (let i = 0; i < size; i++) score += vectors[start + i]! * query[i]!;
    if (best.length === 10 && score <= best[9]!.score) continue;
    const at = best.findIndex((other) => other.score < score);
    best.splice(at < 0 ? best.length : at, 0, { row, score });
    if (best.length > 10) best.pop();
  }
  return best.map(({ row }) => String(row));
}

async function sqliteVec(folder: string): Promise<(typeof results)[number]> {
  const { DatabaseSync } = await import("node:sqlite");
  const require = createRequire(join(folder, "package.json"));
  const { getLoadablePath } = (await import(pathToFileURL(require.resolve("sqlite-vec")).href)) as {
    getLoadablePath(): string;
  };
  const database = new DatabaseSync(":memory:", { allowExtension: true });
  database.loadExtension(getLoadablePath());
  database.exec(
    `CREATE VIRTUAL TABLE item USING vec0(id INTEGER PRIMARY KEY, embedding float[${size}] distance_metric=cosine)`,
  );
  const bytes = (vector: Float32Array) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const insert = database.prepare("INSERT INTO item (id, embedding) VALUES (?, ?)");
  database.exec("BEGIN");
  for (let i = 0; i < count; i++) insert.run(BigInt(i), bytes(vectors.subarray(i * size, (i + 1) * size)));
  database.exec("COMMIT");
  const select = database.prepare("SELECT id, 1 - distance AS score FROM item WHERE embedding MATCH ? AND k = 10");
  return {
    name: "sqlite-vec",
    search: async (query) => (select.all(bytes(query)) as { id: number }[]).map(({ id }) => String(id)),
    bytes: count * size * 4,
  };
}

const exact = queries.map(plainLoop);
const lowest = new Map<string, number>();
const recalls = new Map<string, number>();
for (let round = 0; round < rounds; round++) {
  for (const { name, search } of results) {
    let found = 0;
    for (const [i, query] of queries.entries()) {
      const began = performance.now();
      const ids = await search(query);
      lowest.set(name, Math.min(lowest.get(name) ?? Number.POSITIVE_INFINITY, performance.now() - began));
      found += ids.filter((id) => exact[i]!.includes(id)).length;
    }
    recalls.set(name, found / (10 * queries.length));
  }
}
console.log(
  `${count} vectors of ${size}, the best 10, lowest of ${rounds * queries.length} queries; ${process.version}`,
);
console.log("| what | milliseconds | memory of the vectors | recall |\n|---|---|---|---|");
for (const { name, bytes } of results) {
  const time = lowest.get(name)!.toFixed(1);
  console.log(`| ${name} | ${time} | ${(bytes / 1e6).toFixed(0)} MB | ${recalls.get(name)!.toFixed(3)} |`);
}
process.exit(0);
