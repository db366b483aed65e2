import { IndexError, ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Rows of a table (`torch.nn.Embedding`): table `[rows, size]`, int32 indices `[...]`, result `[..., size]`.
 * `what` names the indices in the IndexError for one outside the table.
 */
export function embedding(table: Tensor, indices: Tensor, what = "index"): Tensor<"float32"> {
  const rows = expectDType("embedding", table, "float32");
  const at = expectDType("embedding", indices, "int32");
  if (rows.shape.length !== 2) {
    throw new ShapeError("embedding", "a table [rows, size]", rows.shape);
  }
  const limit = rows.extent(0);
  for (const index of at.data) {
    if (index < 0 || index >= limit) {
      throw new IndexError("embedding", what, index, limit);
    }
  }
  const output = Tensor.allocate(rows.backend, [...at.shape, rows.extent(1)]);
  const to = output.matrix();
  rows.backend.gatherRows(rows.matrix(), at.reshape([at.size]).matrix(), { ...to, rows: at.size });
  return output;
}
