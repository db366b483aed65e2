import type { FileSet } from "@convbert/files";
import { shardedFileNames } from "../file-names.js";
import type { WeightFormat } from "../format.js";

const usual = shardedFileNames("pytorch_model.bin");

/** Names that training scripts give to a checkpoint, and those that they give to what lies beside it. */
const CHECKPOINT = /^[^/]+\.(ckpt|pt|pth)$/;
const BESIDE = /^(optimizer|scheduler|scaler|rng_state|training_args|.*optim_states).*\.(pt|pth)$/;

/** `pytorch_model.bin`, whole or sharded; else the only `.ckpt`, `.pt` or `.pth` of a folder. */
export const pytorch = {
  name: "pytorch",
  title: "PyTorch",
  ...usual,
  find: async (files, options) => (await usual.find(files, options)) ?? (await checkpointOf(files)),
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;

async function checkpointOf(files: FileSet): Promise<string | undefined> {
  const names = (await files.list?.().catch(() => [])) ?? [];
  const found = names.filter((name) => CHECKPOINT.test(name) && !BESIDE.test(name));
  // TensorFlow's "model.ckpt.index" ends otherwise; several of them leave open which is meant.
  return found.length === 1 ? found[0] : undefined;
}
