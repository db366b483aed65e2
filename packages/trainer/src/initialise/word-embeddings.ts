import { readSafetensors, WeightsError } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import type { Parameter } from "@convbert/nn";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { TrainerOptionError } from "../option-error.js";

/** Standard deviation of the word embeddings that a run starts from, as in the reference runs. */
const DEVIATION = 0.05;
const WORDS = "embeddings.word_embeddings.weight";

/** What the word embeddings are set in. */
export interface EmbeddedModel {
  parameters(): Iterable<Parameter>;
}

/**
 * Starts a model's word embeddings from those of any BERT-family encoder with the same vocabulary: less their mean,
 * projected to the model's `embedding_size` along the directions of the largest variance (the leading right singular
 * vectors), and scaled to a standard deviation of 0.05.
 * @param file path of a safetensors file that has a tensor named "…embeddings.word_embeddings.weight".
 * Throws WeightsError and FilesError for what cannot be read; TrainerOptionError where rows or sizes do not fit.
 */
export async function initialiseWordEmbeddings(model: EmbeddedModel, file: string): Promise<void> {
  const parameter = [...model.parameters()].find(({ name }) => name.endsWith(WORDS));
  if (parameter === undefined) throw new TrainerOptionError("model", "no word embeddings", `it needs ${WORDS}`);
  const [rows, size] = parameter.shape as [number, number];
  const source = await readTable(file);
  if (source.rows !== rows) {
    throw new TrainerOptionError("embeddings", file, `it has ${source.rows} words, the model ${rows}`);
  }
  if (source.size < size) {
    throw new TrainerOptionError("embeddings", file, `its vectors have ${source.size} numbers, the model's ${size}`);
  }
  parameter.write(0, projected(source.values, rows, source.size, size));
}

async function readTable(file: string): Promise<{ values: Float32Array; rows: number; size: number }> {
  const path = await import("node:path");
  const files = await openFiles(path.dirname(path.resolve(file)));
  try {
    const opened = await files.open(path.basename(file));
    const reader = await readSafetensors(opened).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    try {
      const found = [...reader.tensors.values()].find(({ name }) => name.endsWith(WORDS));
      if (found === undefined || found.shape.length !== 2) {
        throw new WeightsError("mismatch", `${file} has no table named "…${WORDS}"`, { file });
      }
      const [rows, size] = found.shape as [number, number];
      const values = new Float32Array(rows * size);
      await reader.stream(found.name, (offset, piece) => values.set(piece, offset));
      return { values, rows, size };
    } finally {
      await reader.close();
    }
  } finally {
    await files.close();
  }
}

/** Rows less their mean, along the `kept` directions of the largest variance, scaled. */
export function projected(values: Float32Array, rows: number, size: number, kept: number): Float32Array {
  const means = new Float64Array(size);
  for (let i = 0; i < values.length; i++) means[i % size]! += values[i]! / rows;
  const row = new Float64Array(size);
  const centre = (index: number): Float64Array => {
    for (let i = 0; i < size; i++) row[i] = values[index * size + i]! - means[i]!;
    return row;
  };
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  for (let index = 0; index < rows; index++) {
    const centred = centre(index);
    for (let i = 0; i < size; i++) {
      const factor = centred[i]!;
      const sums = covariance[i]!;
      for (let j = i; j < size; j++) sums[j]! += factor * centred[j]!;
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) covariance[i]![j] = covariance[j]![i]!;
  // The right singular vectors of a matrix are the eigenvectors of its covariance.
  const decomposition = new EigenvalueDecomposition(new Matrix(covariance), { assumeSymmetric: true });
  const order = decomposition.realEigenvalues
    .map((value, index) => ({ value, index }))
    .sort((a, b) => b.value - a.value)
    .slice(0, kept);
  const directions = order.map(({ index }) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(index)));

  const result = new Float32Array(rows * kept);
  for (let index = 0; index < rows; index++) {
    const centred = centre(index);
    for (const [k, direction] of directions.entries()) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += centred[i]! * direction[i]!;
      result[index * kept + k] = sum;
    }
  }
  return scaled(result);
}

function scaled(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  // Of a sample, as torch.std.
  const deviation = Math.sqrt(squares / (values.length - 1));
  return values.map((value) => value * (DEVIATION / deviation));
}
