import type { FileSet } from "@convbert/files";
import type { WeightFormat } from "../format.js";

const INDEX = /^[^/]+\.index$/;
/** What TensorFlow calls them; files under other names must have values beside them to be taken for one. */
const USUAL = /\.ckpt(-\d+)?\.index$/;

/**
 * A TensorFlow 1 checkpoint, as the authors of the model published theirs: `<prefix>.index` and
 * `<prefix>.data-?????-of-?????`, under any prefix; of several the one that the file `checkpoint` names.
 */
export const tf1 = {
  name: "tf1",
  title: "TensorFlow 1 checkpoint",
  fileNames: () => ["model.ckpt.index"],
  find: async (files, { variant }) => (variant === undefined ? await checkpointOf(files) : undefined),
  owns: (name) => name === "checkpoint" || /^[^/]+\.ckpt(-\d+)?\.(index|meta|data-\d{5}-of-\d{5})$/.test(name),
  hasNoConfig: true,
  hasGenerator: true,
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;

async function checkpointOf(files: FileSet): Promise<string | undefined> {
  const names = await files.list?.().catch(() => undefined);
  if (names === undefined) return (await files.has("model.ckpt.index")) ? "model.ckpt.index" : undefined;
  const isWithValues = (name: string) => names.some((other) => other.startsWith(`${name.slice(0, -6)}.data-`));
  const found = names.filter((name) => INDEX.test(name) && (USUAL.test(name) || isWithValues(name)));
  if (found.length < 2) return found[0];
  return names.includes("checkpoint") ? "checkpoint" : undefined;
}
