import { dropoutScale, dropoutThreshold } from "../dropout.js";
import type { AttentionGradientArguments, Dropout } from "../gradient-kernels.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { PANEL, type RunKernel } from "./product.js";

/** As in assembly/attention-gradients.ts. */
const QUERIES = 128;
/** Scratch memory that pairs of a sequence and a head have together in one run, at least one sequence's. */
const SCRATCH_BYTES = 4 << 20;

/** Address of a matrix's first element. */
type Locate = (matrix: AttentionGradientArguments["query"]) => { readonly pointer: number; readonly stride: number };

/** Words that kernels read a dropout from: seed, threshold, scale. */
export function writeDropout(block: WasmStorage, word: number, { rate, seed }: Dropout): void {
  block.int32().set([seed[0], seed[1], dropoutThreshold(rate)], word);
  block.float32()[word + 3] = dropoutScale(rate);
}

/** Bytes that a sequence of `length` tokens needs for a head of `size`. */
function attentionScratch(length: number, size: number): number {
  const panels = Math.ceil(length / PANEL);
  const columnPanels = Math.ceil(size / PANEL);
  const room = Math.min(length, QUERIES);
  const lines = 1 + length + 2 * panels * size + columnPanels * (length + room) + 2 * room * panels;
  return Math.ceil((lines * PANEL * 4 + length * (room * 4 + 64)) / 64) * 64;
}

/** See assembly/attention-gradients.ts: sequences and heads are worked on independently of each other. */
export function differentiateAttention(
  { run, memory }: { readonly run: RunKernel; readonly memory: LinearMemory },
  locate: Locate,
  args: AttentionGradientArguments,
): void {
  const { query, key, value, heads, scale, mask, headMask, dropout, outputGradient } = args;
  const { offsets } = args.sequences;
  const count = offsets.length - 1;
  const size = query.columns / heads;
  const longest = offsets.reduce((most, end, index) => Math.max(most, end - (offsets[index - 1] ?? end)), 0);
  const inputs = [query, key, value, outputGradient].map(locate);
  const gradients = [args.queryGradient, args.keyGradient, args.valueGradient].map(
    (matrix) => matrix && locate(matrix),
  );

  const step = attentionScratch(longest, size);
  const together = Math.max(1, Math.min(count, Math.floor(SCRATCH_BYTES / (step * heads))));
  const scratch = memory.allocate(together * heads * step);
  const table = memory.allocate((12 + count + 1) * 4);
  table.int32().set([...inputs, ...gradients].map((matrix) => matrix?.stride ?? 0));
  table.int32().set(offsets, 12);
  if (dropout !== null) {
    writeDropout(table, 8, dropout);
  }
  const pointers = [...inputs, ...gradients].map((matrix) => matrix?.pointer ?? 0);
  const maskAt = mask === null ? { pointer: 0, stride: 0 } : locate(mask);
  for (let first = 0; first < count; first += together) {
    const sequences = Math.min(together, count - first);
    const tokens = offsets[first + sequences]! - offsets[first]!;
    const numbers = [
      ...pointers,
      table.pointer,
      table.pointer + 48,
      first,
      heads,
      size,
      scale,
      maskAt.pointer,
      maskAt.stride,
      mask !== null && mask.rows !== count ? 1 : 0,
      headMask === null ? 0 : locate(headMask).pointer,
      dropout === null ? 0 : table.pointer + 32,
      longest,
      offsets[count]!,
      scratch.pointer,
      step,
    ];
    run("attentionGradient", numbers, sequences * heads, 5 * tokens * longest * query.columns);
  }
  memory.release(table);
  memory.release(scratch);
}
