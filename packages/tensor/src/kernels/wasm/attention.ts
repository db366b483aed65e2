import type { AttentionArguments } from "../../backend.js";
import { dropoutScale, dropoutThreshold } from "../../dropout.js";
import type { AttentionGradientArguments } from "../../gradient-kernels.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { PANEL, type RunKernel } from "./product.js";
import { located } from "./rows.js";

// Sequences and heads are worked on independently of each other: a pair of them is a unit of work with scratch memory of
// its own (assembly/attention.ts and attention-gradients.ts).

/** As in assembly/attention.ts. */
const QUERIES = 128;
/** Scratch memory that the pairs of one run have together, at least one sequence's. */
const SCRATCH_BYTES = 4 << 20;
/** Words of a table: strides of seven matrices, a dropout, then the sequences' offsets. */
const DROPOUT_WORD = 8;
const OFFSETS_WORD = 12;

/** What attention runs on. */
interface Context {
  readonly run: RunKernel;
  readonly memory: LinearMemory;
}

/** Arguments of both directions. */
type CommonArguments = Omit<AttentionArguments, "output" | "probabilities">;

/** Bytes for `lines` panel rows, aligned. */
function scratchBytes(lines: number, more = 0): number {
  return Math.ceil((lines * PANEL * 4 + more) / 64) * 64;
}

/** Bytes that attention needs for a sequence of `length` tokens and a head of `size`. */
function attentionScratch(length: number, size: number): number {
  const panels = Math.ceil(length / PANEL);
  const room = Math.min(length, QUERIES);
  return scratchBytes(2 + room + panels * size + Math.ceil(size / PANEL) * length + room * panels);
}

/** The same for its gradient. */
function gradientScratch(length: number, size: number): number {
  const panels = Math.ceil(length / PANEL);
  const columnPanels = Math.ceil(size / PANEL);
  const room = Math.min(length, QUERIES);
  const lines = 2 + length + 2 * panels * size + columnPanels * (length + room) + 2 * room * panels;
  return scratchBytes(lines, length * (room * 4 + 64));
}

/** The sequences' offsets and dropout's words (seed, threshold, scale) where kernels can read them. */
function writeTable(memory: LinearMemory, { sequences: { offsets }, dropout }: CommonArguments): WasmStorage {
  const table = memory.allocate((OFFSETS_WORD + offsets.length) * 4);
  table.int32().set(offsets, OFFSETS_WORD);
  if (dropout !== null) {
    table.int32().set([...dropout.seed, dropoutThreshold(dropout.rate)], DROPOUT_WORD);
    table.float32()[DROPOUT_WORD + 3] = dropoutScale(dropout.rate);
  }
  return table;
}

/** Runs `kernel` over all pairs, as many sequences at a time as the scratch memory allows. */
function eachGroup(
  { run, memory }: Context,
  kernel: "attention" | "attentionGradient",
  args: CommonArguments,
  scratchOf: (length: number, size: number) => number,
  numbers: (table: WasmStorage, first: number, longest: number) => number[],
): void {
  const { heads } = args;
  const { offsets } = args.sequences;
  const count = offsets.length - 1;
  const { columns } = args.query;
  const longest = offsets.reduce((most, end, index) => Math.max(most, end - (offsets[index - 1] ?? end)), 0);
  if (longest === 0) {
    return;
  }
  const step = scratchOf(longest, columns / heads);
  const together = Math.max(1, Math.min(count, Math.floor(SCRATCH_BYTES / (step * heads))));
  const scratch = memory.allocate(together * heads * step);
  const table = writeTable(memory, args);
  for (let first = 0; first < count; first += together) {
    const sequences = Math.min(together, count - first);
    const tokens = offsets[first + sequences]! - offsets[first]!;
    const work = 2 * tokens * longest * columns;
    run(kernel, [...numbers(table, first, longest), scratch.pointer, step], sequences * heads, work);
  }
  memory.release(table);
  memory.release(scratch);
}

/** Heads, scale and mask as both kernels take them. */
function scoreNumbers({ query, heads, scale, mask, headMask, sequences }: CommonArguments): number[] {
  const perToken = mask !== null && mask.rows !== sequences.offsets.length - 1;
  const rows = mask === null ? { pointer: 0, stride: 0 } : located(mask);
  const factors = headMask === null ? 0 : located(headMask).pointer;
  return [heads, query.columns / heads, scale, rows.pointer, rows.stride, perToken ? 1 : 0, factors];
}

export function attend(context: Context, args: AttentionArguments): void {
  const { query, key, value, probabilities, output, dropout } = args;
  const inputs = [query, key, value].flatMap((matrix) => [located(matrix).pointer, located(matrix).stride]);
  const kept = probabilities === null ? { pointer: 0, stride: 0 } : located(probabilities);
  const to = located(output);
  eachGroup(context, "attention", args, attentionScratch, (table, first, longest) => [
    ...inputs,
    table.pointer + OFFSETS_WORD * 4,
    first,
    ...scoreNumbers(args),
    kept.pointer,
    kept.stride,
    to.pointer,
    to.stride,
    dropout === null ? 0 : table.pointer + DROPOUT_WORD * 4,
    longest,
    args.sequences.offsets.at(-1)!,
  ]);
}

export function differentiateAttention(context: Context, args: AttentionGradientArguments): void {
  const { query, key, value, outputGradient, queryGradient, keyGradient, valueGradient, dropout } = args;
  const matrices = [query, key, value, outputGradient, queryGradient, keyGradient, valueGradient];
  const places = matrices.map((matrix) => (matrix === null ? { pointer: 0, stride: 0 } : located(matrix)));
  eachGroup(context, "attentionGradient", args, gradientScratch, (table, first, longest) => {
    table.int32().set(places.map(({ stride }) => stride));
    return [
      ...places.map(({ pointer }) => pointer),
      table.pointer,
      table.pointer + OFFSETS_WORD * 4,
      first,
      ...scoreNumbers(args),
      dropout === null ? 0 : table.pointer + DROPOUT_WORD * 4,
      longest,
      args.sequences.offsets.at(-1)!,
    ];
  });
}
