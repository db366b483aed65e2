import { openSharded, writeSharded } from "../../shards.js";
import { checkTensors } from "../../wire.js";
import type { FormatCode } from "../format.js";
import { readSafetensors } from "./read.js";
import { writeSafetensors } from "./write.js";

export const code: FormatCode = {
  open: (files, name, options) => openSharded(files, name, readSafetensors, options),
  write(tensors, { maxShardSize, ...options }) {
    // Tied tensors are left out, as the reference leaves them.
    const own = checkTensors(tensors).filter(({ tiedTo }) => tiedTo === undefined);
    return writeSharded(own, "model.safetensors", maxShardSize, (shard) => writeSafetensors(shard, options));
  },
};
