import {
  type FoundWeights,
  openWeights,
  type TensorInfo,
  type WeightFormatName,
  type WeightsReader,
} from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { oneLine } from "../errors.js";

/** The encoder's name in front of its weights in a model with a head. */
const BASE = "convbert.";
/** Buffers, which formats keep or compute. */
const COMPUTED = /(^|\.)(position_ids|token_type_ids)$/;

/**
 * Where the weights of a folder's other formats are not those of the one that is opened: names, shapes and values, each
 * tensor read whole, one at a time.
 * @param found the formats of the folder, the one that is opened first.
 * @returns for each of the others by its file what is different, in words; nothing where they agree.
 */
export async function disagreements(
  files: FileSet,
  [first, ...others]: readonly FoundWeights[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  if (first === undefined || others.length === 0) return found;
  const open = (format: WeightFormatName) => openWeights(files, { format, ...(signal && { signal }) });
  const reference = await open(first.format);
  try {
    for (const { file, format } of others) {
      // Another look at the same file.
      if (file === first.file) continue;
      let other: WeightsReader;
      try {
        other = await open(format);
      } catch (error) {
        signal?.throwIfAborted();
        found.set(file, [oneLine(error)]);
        continue;
      }
      try {
        const lines = await differences(reference, other, format === "tf1", signal);
        if (lines.length > 0) found.set(file, lines);
      } finally {
        await other.close();
      }
    }
  } finally {
    await reference.close();
  }
  return found;
}

/** @param isEncoder the other format has no place for a head's weights. */
async function differences(
  reference: WeightsReader,
  other: WeightsReader,
  isEncoder: boolean,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const [theirs, own] = [weightsOf(reference), weightsOf(other)];
  const hasHead = [...reference.tensors.keys()].some((name) => name.startsWith(BASE));
  const isExpected = (name: string): boolean => !isEncoder || !hasHead || reference.tensors.has(`${BASE}${name}`);
  const missing = [...theirs.keys()].filter((name) => !own.has(name) && isExpected(name));
  const extra = [...own.keys()].filter((name) => !theirs.has(name));
  const shapes: string[] = [];
  const values: string[] = [];
  let largest = 0;
  for (const [name, info] of theirs) {
    const twin = own.get(name);
    if (twin === undefined) continue;
    signal?.throwIfAborted();
    if (twin.shape.join() !== info.shape.join()) {
      shapes.push(name);
      continue;
    }
    const [left, right] = [await reference.read(info.name), await other.read(twin.name)];
    const difference = largestDifference(left, right);
    if (difference === 0) continue;
    values.push(name);
    largest = Math.max(largest, difference);
  }
  return [
    ...line(missing, "missing"),
    ...line(extra, "not in the other"),
    ...line(shapes, "of another shape"),
    ...line(values, `with other values, by up to ${largest.toPrecision(2)}`),
  ];
}

function line(names: readonly string[], what: string): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 3).join(", ");
  return [`${names.length} ${what}: ${shown}${names.length > 3 ? ", ..." : ""}`];
}

/** Weights by the name that the base model has for them, without those that are another one again. */
function weightsOf({ tensors }: WeightsReader): ReadonlyMap<string, TensorInfo> {
  const own = new Map<string, TensorInfo>();
  const isTied = (name: string) => name === "generator_lm_head.weight";
  for (const info of tensors.values()) {
    if (info.tiedTo !== undefined || COMPUTED.test(info.name) || isTied(info.name)) continue;
    own.set(info.name.startsWith(BASE) ? info.name.slice(BASE.length) : info.name, info);
  }
  return own;
}

type Numbers = Awaited<ReturnType<WeightsReader["read"]>>;

/** Of two arrays of one length; a value that is no number in one of them is infinitely far from a number. */
function largestDifference(left: Numbers, right: Numbers): number {
  let largest = 0;
  for (let i = 0; i < left.length; i++) {
    const [a, b] = [left[i]!, right[i]!];
    if (Object.is(a, b)) continue;
    const difference = Math.abs(Number(a) - Number(b));
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}
