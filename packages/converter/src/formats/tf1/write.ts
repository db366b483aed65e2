import { WeightsError } from "../../errors.js";
import { splitShards } from "../../shards.js";
import { type SizedTensor, wireBytes } from "../../wire.js";
import type { WrittenContents } from "../format.js";
import { shardName, typeNumber, writeEntry, writeHeader } from "./bundle.js";
import { crc32c, masked } from "./table/crc32c.js";
import type { TableEntry } from "./table/read.js";
import { writeTable } from "./table/write.js";

/** What TensorFlow calls a checkpoint that nobody has named. */
const PREFIX = "model.ckpt";

/**
 * A TensorFlow checkpoint, by file: the values, then the index, which has their checksums and so comes after them, then
 * `checkpoint`, by which TensorFlow finds it.
 * @throws WeightsError "unsupported" for an element type that it has not.
 */
export function writeBundle(
  tensors: readonly SizedTensor[],
  maxShardSize: number,
  signal?: AbortSignal,
): ReadonlyMap<string, WrittenContents> {
  for (const tensor of tensors) typeNumber(tensor);
  // The index wants them in the order of their names; TensorFlow stores the values so, too.
  const sorted = [...tensors].sort((a, b) => (latin1(a.name) < latin1(b.name) ? -1 : 1));
  const shards = splitShards(sorted, maxShardSize);
  const files = new Map<string, WrittenContents>();
  const entries: TableEntry[] = [];
  let isOver = 0;
  const values = async function* (shard: number): AsyncGenerator<Uint8Array> {
    let offset = 0;
    for (const tensor of shards[shard]!) {
      let crc = 0;
      for await (const piece of wireBytes(tensor, signal)) {
        crc = crc32c(piece, crc);
        yield piece;
      }
      const location = { shard, offset, size: tensor.byteLength, crc: masked(crc) };
      entries.push({ key: latin1(tensor.name), value: writeEntry(tensor, location) });
      offset += tensor.byteLength;
    }
    isOver++;
  };
  for (const shard of shards.keys()) files.set(shardName(PREFIX, shard, shards.length), values(shard));
  const index = async function* (): AsyncGenerator<Uint8Array> {
    if (isOver < shards.length) {
      throw new WeightsError("mismatch", `${PREFIX}.index holds the checksums of the values: take those files first`);
    }
    yield writeTable([{ key: "", value: writeHeader({ shards: shards.length }) }, ...entries]);
  };
  files.set(`${PREFIX}.index`, index());
  files.set("checkpoint", `model_checkpoint_path: "${PREFIX}"\nall_model_checkpoint_paths: "${PREFIX}"\n`);
  return files;
}

/** The bytes of a name, one character each. */
function latin1(name: string): string {
  return Array.from(new TextEncoder().encode(name), (byte) => String.fromCharCode(byte)).join("");
}
