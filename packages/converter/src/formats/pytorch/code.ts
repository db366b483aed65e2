import { openSharded, writeSharded } from "../../shards.js";
import { checkTensors } from "../../wire.js";
import type { FormatCode } from "../format.js";
import { readPyTorch } from "./read.js";
import { writePyTorch } from "./write.js";

export const code: FormatCode = {
  open: (files, name, options) => openSharded(files, name, readPyTorch, options),
  write(tensors, { maxShardSize, ...options }) {
    return writeSharded(checkTensors(tensors), "pytorch_model.bin", maxShardSize, (shard) =>
      writePyTorch(shard, options),
    );
  },
};
