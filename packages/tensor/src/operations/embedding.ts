import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { IndexError, ShapeError } from "../errors.js";
import type { Matrix, PackedWeights } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";

export interface EmbeddingOptions {
  /** Names the indices in the IndexError for one outside the table; "index" by default. */
  readonly what?: string;
  /** A row that is not trained by its look-ups, the reference's `padding_idx`. */
  readonly paddingIndex?: number | null;
}

/**
 * Rows of a table (`torch.nn.Embedding`): table `[rows, size]`, int32 indices `[...]`, result `[..., size]`.
 * Throws IndexError for an index outside the table.
 */
export function embedding(
  table: Tensor,
  indices: Tensor,
  { what = "index", paddingIndex = null }: EmbeddingOptions = {},
): Recorded<Tensor<"float32">> {
  const rows = expectDType("embedding", table, "float32");
  if (rows.shape.length !== 2) {
    throw new ShapeError("embedding", "a table [rows, size]", rows.shape);
  }
  const at = checkedIndices(indices, rows.extent(0), what);
  const output = Tensor.allocate(rows.backend, [...at.shape, rows.extent(1)]);
  const flat = at.reshape([at.size]);
  rows.backend.gatherRows(rows.matrix(), flat.matrix(), output.matrix());
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(rows);
    const which = gradient && tape.save(flat);
    return (outputGradient) => {
      if (gradient && which) {
        gradientsOf(rows.backend).scatterRows(outputGradient, which.matrix(), paddingIndex ?? -1, gradient());
      }
    };
  });
  flat.dispose();
  return recorded;
}

/**
 * The same for a table that lives as packed weights, because a decoder tied to it multiplies by it: only the rows that
 * are needed are unpacked.
 */
export function packedEmbedding(
  weights: PackedWeights,
  indices: Tensor,
  { what = "index", paddingIndex = null }: EmbeddingOptions = {},
): Recorded<Tensor<"float32">> {
  const { backend } = indices;
  const at = checkedIndices(indices, weights.rows, what);
  const output = Tensor.allocate(backend, [...at.shape, weights.columns]);
  if (backend.gatherPackedRows !== undefined) {
    backend.gatherPackedRows(weights, rowOf(at), output.matrix());
  } else {
    const values = output.data;
    for (const [index, row] of at.data.entries()) {
      values.set(backend.unpackRows(weights, row, 1), index * weights.columns);
    }
  }
  return differentiable(output, (tape) => {
    const gradient = tape.packed(weights);
    const which = gradient && tape.save(at);
    return (outputGradient) => {
      if (gradient && which) {
        gradientsOf(backend).scatterPackedRows(outputGradient, rowOf(which), paddingIndex ?? -1, gradient());
      }
    };
  });
}

/** Indices as the one row of them that kernels take. */
function rowOf(indices: Tensor<"int32">): Matrix {
  return { ...indices.matrix(), rows: 1, columns: indices.size, stride: indices.size };
}

/** Indices that the processor does not see are left to who made them. */
function checkedIndices(indices: Tensor, limit: number, what: string): Tensor<"int32"> {
  const at = expectDType("embedding", indices, "int32");
  if (indices.backend.transfer !== undefined) {
    return at;
  }
  for (const index of at.data) {
    if (index < 0 || index >= limit) {
      throw new IndexError("embedding", what, index, limit);
    }
  }
  return at;
}
