// Compiles the kernels and writes their bytes into `generated`, so that the package needs no file at run time and tests
// need no build. `node src/kernels/build.ts` writes, `node src/kernels/build.ts --check` fails when a file is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { ModuleBuilder } from "./emitter/builder.ts";
import { emitInt8Tiles, type Int8Dot } from "./emitter/int8.ts";
import { emitProbe } from "./emitter/probe.ts";
import { emitTiles } from "./emitter/product.ts";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
const target = `${packageRoot}src/kernels/generated/kernels.ts`;

/** Element-wise and row kernels, from AssemblyScript. */
async function compileElements(relaxed: boolean): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "src/kernels/assembly/index.ts",
      "--outFile",
      "elements.wasm",
      ...["--baseDir", packageRoot, "--runtime", "stub", "--importMemory", "--noExportMemory", "--noAssert"],
      // A memory with a maximum, so that making it a shared one only changes a flag of its import.
      ...["--initialMemory", "1", "--maximumMemory", "65536"],
      ...["-O3", "--converge", "--disableWarning", "112"],
      ...["--enable", relaxed ? "relaxed-simd" : "simd"],
    ],
    {
      writeFile: (_name, contents) => {
        binary = contents as Uint8Array;
      },
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`AssemblyScript failed:\n${stderr.toString()}`, { cause: error });
  }
  return binary;
}

/** Tiles of float32 products, from the emitter. */
function compileTiles(relaxed: boolean): Uint8Array {
  const module = new ModuleBuilder();
  emitTiles(module, { rows: 6, relaxed, unroll: 1 });
  return module.build({ sharedMemory: false });
}

/** Tiles of int8 products. */
function compileInt8Tiles(dot: Int8Dot): Uint8Array {
  const module = new ModuleBuilder();
  emitInt8Tiles(module, { rows: 6, dot, wide: true });
  return module.build({ sharedMemory: false });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const lines = ["// Made by src/kernels/build.ts from assembly/ and emitter/; do not edit.", ""];
for (const [name, relaxed] of [
  ["RELAXED", true],
  ["SIMD128", false],
] as const) {
  const elements = base64(await compileElements(relaxed));
  const tiles = base64(compileTiles(relaxed));
  lines.push(`export const ${name} = {\n  elements:\n    "${elements}",\n  tiles:\n    "${tiles}",\n};`);
}
const int8 = (["groups", "pairs", "shorts"] as const).map(
  (dot) => `  ${dot}:\n    "${base64(compileInt8Tiles(dot))}",\n`,
);
lines.push(`export const INT8_TILES = {\n${int8.join("")}};`);
lines.push(`export const PROBE =\n  "${base64(emitProbe())}";`);
const text = `${lines.join("\n")}\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/kernels/generated/kernels.ts is stale: run `pnpm --filter @convbert/tensor kernels`");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
  console.log(`wrote ${target.slice(packageRoot.length)}: ${(text.length / 1024).toFixed(1)} KB`);
}
