import type { FileSet } from "@convbert/files";
import { printable } from "@convbert/files/internal";
import { WeightsError } from "../../errors.js";
import type { NamedTensor, WeightsReader } from "../../types.js";
import { checkTensors } from "../../wire.js";
import type { FormatCode } from "../format.js";
import { type NameTable, renamedReader, renamedTensors } from "../names.js";
import { configOfShapes } from "./config.js";
import { encoderNames, generatorNames } from "./names.js";
import { readBundle } from "./read.js";
import { writeBundle } from "./write.js";

/** The encoder's name in front of its weights, in PyTorch's models with a head. */
const BASE = "convbert.";

export const code: FormatCode = {
  async open(files, name, { generator = false, ...options }) {
    const index = name === "checkpoint" ? await namedBy(files, name) : name;
    const table = generator ? await generatorTable(files, index) : encoderNames();
    const bundle = await readBundle(files, index, (stored) => isOf(table, stored), options);
    try {
      const reader = renamedReader(bundle, table, "tf1");
      const needed = generator ? "generator_predictions.dense.weight" : "embeddings.word_embeddings.weight";
      if (!reader.tensors.has(needed)) {
        throw new WeightsError("missing", nothingOf(generator ? "generator" : "encoder", bundle), { file: index });
      }
      const config = () => configOfShapes(reader.tensors, generator ? BASE : "", index);
      return { ...reader, unused: bundle.unused, config };
    } catch (error) {
      await bundle.close();
      throw error;
    }
  },
  write(tensors, { maxShardSize, signal }) {
    const all = [...tensors];
    const isBase = !all.some(({ name }) => name.startsWith(BASE));
    const encoder = all.filter(({ name }) => isBase || name.startsWith(BASE));
    const own = encoder.map((tensor) => (isBase ? tensor : withoutBase(tensor)));
    const isGrouped = own.some(({ name, shape }) => name.endsWith(".intermediate.dense.weight") && shape.length === 3);
    const table = encoderNames(isGrouped);
    const homeless = [
      ...all.filter((tensor) => !encoder.includes(tensor)),
      ...own.filter((tensor) => table.stored(tensor) === null),
    ];
    if (homeless.length > 0) refuse(homeless);
    return writeBundle(checkTensors(renamedTensors(own, table, "a TensorFlow 1 checkpoint")), maxShardSize, signal);
  },
};

function isOf(table: NameTable, name: string): boolean {
  return table.canonical({ name, shape: [] }) !== null;
}

async function generatorTable(files: FileSet, index: string): Promise<NameTable> {
  const own = generatorNames(true);
  const bundle = await readBundle(files, index, () => false);
  return bundle.unused.includes("generator/embeddings/word_embeddings") ? own : generatorNames(false);
}

function nothingOf(part: string, { tensors, unused }: WeightsReader & { readonly unused: readonly string[] }): string {
  const names = [...tensors.keys(), ...unused];
  const shown = names.slice(0, 6).map(printable).join(", ");
  return `no ${part} of ConvBERT is in this checkpoint; it has ${names.length === 0 ? "no variables" : `${shown}${names.length > 6 ? ", ..." : ""}`}`;
}

/** The index of the checkpoint that a file `checkpoint` names; whatever folder it was in when that was written, it is here now. */
async function namedBy(files: FileSet, name: string): Promise<string> {
  const text = await files.readText(name, { maxBytes: 1 << 20 });
  const path = /^\s*model_checkpoint_path:\s*"((?:[^"\\\n]|\\.)*)"/m.exec(text)?.[1];
  const prefix = path?.split(/[/\\]/).at(-1);
  if (!prefix || !(await files.has(`${prefix}.index`))) {
    const which = path === undefined ? "none" : printable(path);
    throw new WeightsError("missing", `there are several checkpoints, and it names ${which}, which is not here`, {
      file: name,
    });
  }
  return `${prefix}.index`;
}

function withoutBase(tensor: NamedTensor): NamedTensor {
  const { tiedTo, ...plain } = tensor;
  return {
    ...plain,
    data: () => tensor.data(),
    name: tensor.name.slice(BASE.length),
    ...(tiedTo !== undefined && { tiedTo: tiedTo.slice(BASE.length) }),
  };
}

function refuse(tensors: readonly NamedTensor[]): never {
  const names = tensors.map(({ name }) => name);
  const shown = names.slice(0, 6).join(", ");
  throw new WeightsError(
    "unsupported",
    `a TensorFlow 1 checkpoint holds the encoder alone and has no place for ${shown}${names.length > 6 ? ` and ${names.length - 6} more` : ""}: ` +
      "write the encoder only (convbert convert --encoder-only), or another format",
    { tensor: names[0]! },
  );
}
