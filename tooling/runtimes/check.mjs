// What every engine has to do, in plain JavaScript that all of them run: tokenize, load the small models of the package,
// and give the recorded logits, for both kinds of weights, on one thread and on two. It runs in a project that has the
// packed packages installed.
import { forbidRelaxed } from "./relaxed.mjs";

/**
 * Largest difference of a logit allowed, as a part of the largest logit. int8 products are exact to the reference backend's
 * where activations have 8 bits, so that most texts have its logits; an activation that lies in the middle between two steps
 * may be rounded to either. Where the CPU's or engine's relaxed dot product takes 7 bits, all are rounded to 7.
 */
const TOLERANCE = 1e-5;
const TOLERANCE_ROUNDED = 0.02;

/** The relaxed dot product of four largest weights with four bytes whose bits are all set, as a module. */
const DOT_PROBE = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 97, 0, 0, 10, 64, 1, 62, 0],
  ...[253, 12, ...new Array(16).fill(127), 253, 12, ...new Array(16).fill(255), 253, 12, ...new Array(16).fill(0)],
  ...[253, 0x93, 2, 253, 27, 0, 11],
];

/** Whether the relaxed dot product gives what eight bits give, of an unsigned or of a signed right side. */
function hasRelaxedDotOf8Bits() {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(DOT_PROBE)));
  return [4 * 127 * 255, -4 * 127].includes(exports.a());
}

/** A module with one relaxed instruction. */
const RELAXED_PROBE = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2],
  ...[253, 15, 253, 128, 2, 11],
];

const hasWasm = () => typeof WebAssembly === "object";
const hasRelaxed = () => hasWasm() && WebAssembly.validate(Uint8Array.from(RELAXED_PROBE));

/** Ways to make an engine poorer than it is, before the packages are imported. */
const MODES = {
  /** All that the engine has. */
  full() {},
  /** Vectors of 256 bits, where the package turns them on. */
  wide() {},
  /** No relaxed instructions, as in engines before 2023. */
  simd128: forbidRelaxed,
  /** No shared memory, as in a page that is not cross-origin isolated. */
  unshared() {
    delete globalThis.SharedArrayBuffer;
  },
  /** No WebAssembly at all. */
  none() {
    delete globalThis.WebAssembly;
  },
};

/** What the backend has to say about itself. */
function expectedDescription(isRelaxed, isWide, isRounded, isWasm, threads, mayShare) {
  if (!isWasm) return /^reference/;
  const remark = threads === undefined ? "( \\(others could not be started\\))?" : " \\(.*isolated\\)";
  const count = mayShare && threads > 1 ? `${threads} threads$` : `1 thread${threads === 1 ? "" : remark}$`;
  const kernels = `${isRelaxed ? "relaxed-simd" : "simd128"}${isWide ? " in 256 bits" : ""}`;
  // Where relaxed dot products are not exact in 7 bits either (x64 without AVX), 16-bit ones compute.
  return new RegExp(`^wasm ${kernels}${isRounded ? "(, int8 in 7 bits)?" : ""}, ${count}`);
}

/**
 * Run everything in one mode. `importPackage` gives the package "convbert", `sources` the two models' places. Where a
 * page's policy forbids workers (`isAlone`), the default number of threads has to come down to one.
 * Returns a line for each check; throws at the first that fails.
 */
export async function check({ mode, recorded, sources, importPackage, isWasmForbidden = false, isAlone = false }) {
  const isRelaxed = mode !== "simd128" && hasRelaxed();
  const isRounded = isRelaxed && !isWasmForbidden && !hasRelaxedDotOf8Bits();
  MODES[mode]();
  const isWasm = hasWasm() && !isWasmForbidden;
  const mayShare = !isAlone && typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated !== false;
  const { ConvBertTokenizerFast, enableWideVectors, loadModel, pipeline } = await importPackage();
  const isWide = mode === "wide";
  if (isWide && (await enableWideVectors()) !== (process.arch === "x64")) {
    throw new Error(`enableWideVectors() answers the wrong thing on ${process.arch}`);
  }
  // V8 compiles for 256 bits what has run for a while.
  const rounds = isWide ? 10 : 1;
  const lines = [];
  for (const [name, texts] of Object.entries(recorded)) {
    const source = sources[name];
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(source);
    for (const { text, input_ids: ids } of texts) {
      const got = tokenizer(text).input_ids;
      if (got.join() !== ids.join()) throw new Error(`${name}: ids of ${JSON.stringify(text)} are ${got}, not ${ids}`);
    }
    for (const dtype of ["float32", "int8"]) {
      for (const threads of [1, isAlone ? undefined : 2]) {
        const title = `${name} ${dtype}, ${threads ?? "default"} thread(s)`;
        const model = await loadModel(source, { dtype, threads });
        const { description } = model.backend;
        const isWideHere = isWide && process.arch === "x64";
        const wanted = expectedDescription(isRelaxed, isWideHere, isRounded, isWasm, threads, mayShare);
        if (!wanted.test(description)) throw new Error(`${title}: runs on "${description}", expected ${wanted}`);
        const differences = [];
        for (let round = 0; round < rounds; round++) differences.push(...(await differencesOf(model, texts, dtype)));
        const difference = Math.max(...differences);
        const is7Bits = dtype === "int8" && description.includes("int8 in 7 bits");
        const near = differences.filter((each) => each <= TOLERANCE).length;
        const isFar = !(difference <= (dtype === "int8" ? TOLERANCE_ROUNDED : TOLERANCE));
        if (isFar || (!is7Bits && 2 * near <= differences.length)) {
          throw new Error(`${title} on ${description}: logits differ by ${difference} of the largest`);
        }
        model.dispose();
        lines.push({ check: title, description, difference });
      }
    }
  }
  const classify = await pipeline("text-classification", sources["question-classification"]);
  const [{ label }] = await classify("Who wrote the opera Carmen?");
  if (label !== "HUM") throw new Error(`the pipeline says ${label}, not HUM`);
  classify.dispose();
  return lines;
}

/** The largest difference of each text's logits, as a part of the largest of all. */
async function differencesOf(model, texts, dtype) {
  const largest = Math.max(...texts.flatMap(({ logits }) => logits[dtype].map(Math.abs)));
  const differences = [];
  for (const { input_ids, logits } of texts) {
    const { data } = (await model.forward({ input_ids: [input_ids] })).logits;
    if (data.length !== logits[dtype].length) return [Number.NaN];
    differences.push(Math.max(...logits[dtype].map((value, i) => Math.abs(data[i] - value))) / largest);
  }
  return differences;
}
