// Compiles the kernels and writes their bytes into `generated`, so that the package needs no file at run time and tests
// need no build. `node src/kernels/build.ts` writes, `node src/kernels/build.ts --check` fails when a file is stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { callsOf } from "./build-signatures.ts";
import { workerSource } from "./build-worker.ts";
import { MEMORY_PAGES, TILE } from "./constants.ts";

import { emitInt8Tiles, type Int8Dot } from "./emitter/int8.ts";
import { ModuleBuilder } from "./emitter/module.ts";
import { emitProbe } from "./emitter/probe.ts";
import { emitTiles } from "./emitter/product.ts";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
const target = `${packageRoot}src/kernels/generated/`;

interface Compiled {
  readonly binary: Uint8Array;
  /** Its exports with their parameters. */
  readonly declarations: string;
}

/** Element-wise and row kernels, from AssemblyScript. */
async function compileElements(relaxed: boolean): Promise<Compiled> {
  const written = new Map<string, string | Uint8Array>();
  const { error, stderr } = await asc.main(
    [
      "src/kernels/assembly/index.ts",
      "--outFile",
      "elements.wasm",
      ...["--baseDir", packageRoot, "--runtime", "stub", "--importMemory", "--noExportMemory", "--noAssert"],
      // A memory with a maximum, so that making it a shared one only changes a flag of its import.
      ...["--initialMemory", "1", "--maximumMemory", String(MEMORY_PAGES)],
      ...["-O3", "--converge", "--disableWarning", "112", "--bindings", "raw"],
      ...["--enable", relaxed ? "relaxed-simd" : "simd"],
    ],
    {
      writeFile: (name, contents) => {
        written.set(name, contents);
      },
    },
  );
  const [binary, declarations] = [written.get("elements.wasm"), written.get("elements.d.ts")];
  if (error !== null || !(binary instanceof Uint8Array) || typeof declarations !== "string") {
    throw new Error(`AssemblyScript failed:\n${stderr.toString()}`, { cause: error });
  }
  return { binary, declarations };
}

/** Tiles of float32 products, from the emitter. */
function compileTiles(relaxed: boolean): Uint8Array {
  const module = new ModuleBuilder();
  emitTiles(module, { rows: TILE, relaxed, unroll: 1 });
  return module.build({ sharedMemory: false });
}

/** Tiles of int8 products. */
function compileInt8Tiles(dot: Int8Dot): Uint8Array {
  const module = new ModuleBuilder();
  emitInt8Tiles(module, { rows: TILE, dot, wide: true });
  return module.build({ sharedMemory: false });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
let calls = "";
const lines = [
  "// Made by src/kernels/build.ts from assembly/ and emitter/; do not edit.",
  'import { RELAXED_TILES, SIMD128_TILES } from "./tiles.js";',
  "",
];
// A file of their own: what needs no more than tiles is bundled with no more.
const tileLines = ["// Made by src/kernels/build.ts from emitter/; do not edit.", ""];
for (const [name, relaxed] of [
  ["RELAXED", true],
  ["SIMD128", false],
] as const) {
  const { binary, declarations } = await compileElements(relaxed);
  calls = callsOf(declarations);
  const elements = base64(binary);
  const tiles = base64(compileTiles(relaxed));
  tileLines.push(`export const ${name}_TILES =\n  "${tiles}";`);
  lines.push(`export const ${name} = {\n  elements:\n    "${elements}",\n  tiles: ${name}_TILES,\n};`);
}
const int8 = (["groups", "pairs", "shorts"] as const).map(
  (dot) => `  ${dot}:\n    "${base64(compileInt8Tiles(dot))}",\n`,
);
lines.push(`export const INT8_TILES = {\n${int8.join("")}};`);
lines.push(`export const PROBE =\n  "${base64(emitProbe())}";`);

const stale: string[] = [];
// The calls first: the worker imports them.
const files = {
  "calls.ts": async () => calls,
  "kernels.ts": async () => `${lines.join("\n")}\n`,
  "tiles.ts": () => `${tileLines.join("\n")}\n`,
  "worker.ts": () => workerSource(`${packageRoot}src/kernels/wasm/threads/worker.ts`),
};
for (const [name, contents] of Object.entries(files)) {
  const text = await contents();
  const path = target + name;
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
    console.log(`wrote ${path.slice(packageRoot.length)}: ${(text.length / 1024).toFixed(1)} KB`);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    stale.push(path.slice(packageRoot.length));
  }
}
if (stale.length > 0) {
  console.error(`stale: ${stale.join(", ")}; run \`pnpm --filter @convbert/tensor kernels\``);
  process.exit(1);
}
