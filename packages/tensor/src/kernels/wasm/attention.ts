import type { AttentionArguments } from "../../attention-arguments.js";
import { dropoutScale, dropoutThreshold } from "../../dropout.js";
import type { AttentionGradientArguments } from "../../gradient-kernels.js";
import { CACHE_LINE, DROPOUT_WORDS, PANEL, PANEL_BYTES, QUERIES } from "../constants.js";
import type { KernelArguments } from "../generated/calls.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { addressOf, rowsOf } from "./rows.js";
import type { KernelContext } from "./runner.js";

// Sequences and heads are worked on independently of each other: a pair of them is a unit of work with scratch memory of
// its own (assembly/attention.ts and attention-gradients.ts).

/** Scratch memory that the pairs of one run have together, at least one sequence's. */
const SCRATCH_BYTES = 4 << 20;
/** Arguments of both directions. */
type CommonArguments = Omit<AttentionArguments, "output" | "probabilities">;

/** Bytes for `lines` panel rows, aligned. */
function scratchBytes(lines: number, more = 0): number {
  return Math.ceil((lines * PANEL_BYTES + more) / CACHE_LINE) * CACHE_LINE;
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
  return scratchBytes(lines, length * (room * 4 + CACHE_LINE));
}

/** What both kernels take besides the matrices. */
type CommonNumbers = Omit<KernelArguments["attention"], "query" | "key" | "value" | "probabilities" | "output">;

/** Dropout's words, then the sequences' offsets, where kernels can read them. */
function writeTable(memory: LinearMemory, { sequences: { offsets }, dropout }: CommonArguments): WasmStorage {
  const table = memory.allocate((DROPOUT_WORDS + offsets.length) * 4);
  table.int32().set(offsets, DROPOUT_WORDS);
  if (dropout !== null) {
    table.int32().set([...dropout.seed, dropoutThreshold(dropout.rate)]);
    table.float32()[DROPOUT_WORDS - 1] = dropoutScale(dropout.rate);
  }
  return table;
}

/** Calls `runGroup` for all pairs of sequences and heads, as many sequences at a time as the scratch memory allows. */
function eachGroup(
  { memory }: KernelContext,
  args: CommonArguments,
  scratchOf: (length: number, size: number) => number,
  runGroup: (numbers: CommonNumbers, pairs: number, work: number) => void,
): void {
  const { query, heads, scale, mask, headMask, dropout } = args;
  const { offsets } = args.sequences;
  const count = offsets.length - 1;
  const { columns } = query;
  const longest = offsets.reduce((most, end, index) => Math.max(most, end - (offsets[index - 1] ?? end)), 0);
  if (longest === 0) {
    return;
  }
  const scratchStep = scratchOf(longest, columns / heads);
  const together = Math.max(1, Math.min(count, Math.floor(SCRATCH_BYTES / (scratchStep * heads))));
  const scratch = memory.allocate(together * heads * scratchStep);
  const table = writeTable(memory, args);
  const numbers = {
    offsets: table.address + DROPOUT_WORDS * 4,
    heads,
    size: columns / heads,
    scale,
    mask: rowsOf(mask),
    maskPerToken: mask !== null && mask.rows !== count ? 1 : 0,
    headMask: headMask === null ? 0 : addressOf(headMask),
    dropout: dropout === null ? 0 : table.address,
    longest,
    tokens: offsets.at(-1)!,
    scratch: scratch.address,
    scratchStep,
  };
  for (let first = 0; first < count; first += together) {
    const sequences = Math.min(together, count - first);
    const tokens = offsets[first + sequences]! - offsets[first]!;
    runGroup({ ...numbers, firstSequence: first }, sequences * heads, 2 * tokens * longest * columns);
  }
  memory.release(table);
  memory.release(scratch);
}

export function attend(context: KernelContext, args: AttentionArguments): void {
  const matrices = {
    query: rowsOf(args.query),
    key: rowsOf(args.key),
    value: rowsOf(args.value),
    probabilities: rowsOf(args.probabilities),
    output: rowsOf(args.output),
  };
  eachGroup(context, args, attentionScratch, (numbers, pairs, work) => {
    context.run("attention", { ...matrices, ...numbers }, pairs, work);
  });
}

export function differentiateAttention(context: KernelContext, args: AttentionGradientArguments): void {
  const matrices = {
    query: rowsOf(args.query),
    key: rowsOf(args.key),
    value: rowsOf(args.value),
    outputGradient: rowsOf(args.outputGradient),
    queryGradient: rowsOf(args.queryGradient),
    keyGradient: rowsOf(args.keyGradient),
    valueGradient: rowsOf(args.valueGradient),
  };
  eachGroup(context, args, gradientScratch, (numbers, pairs, work) => {
    context.run("attentionGradient", { ...matrices, ...numbers }, pairs, work);
  });
}
