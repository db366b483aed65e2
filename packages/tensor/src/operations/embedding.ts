import { differentiable, type Recorded } from "../autograd/tape.js";
import type { PackedWeights } from "../backend.js";
import { IndexError, ShapeError } from "../errors.js";
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
    return (upstream) => {
      if (gradient && which) {
        rows.backend.gradients.scatterRows(upstream, which.matrix(), paddingIndex ?? -1, gradient());
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
  const values = output.data;
  for (const [index, row] of at.data.entries()) {
    values.set(backend.unpackRows(weights, row, 1), index * weights.columns);
  }
  return differentiable(output, (tape) => {
    const gradient = tape.packed(weights);
    const which = gradient && tape.save(at);
    return (upstream) => {
      if (gradient && which) {
        const flat = { ...which.matrix(), rows: 1, columns: which.size, stride: which.size };
        backend.gradients.scatterPackedRows(upstream, flat, paddingIndex ?? -1, gradient());
      }
    };
  });
}

function checkedIndices(indices: Tensor, limit: number, what: string): Tensor<"int32"> {
  const at = expectDType("embedding", indices, "int32");
  for (const index of at.data) {
    if (index < 0 || index >= limit) {
      throw new IndexError("embedding", what, index, limit);
    }
  }
  return at;
}
