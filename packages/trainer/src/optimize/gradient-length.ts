import type { Backend, Matrix } from "@convbert/tensor";
import { gradientsOf } from "@convbert/tensor/internal";

/** Euclidean length of all gradients together (`torch.nn.utils.clip_grad_norm_`). */
export function gradientLength(backend: Backend, gradients: Iterable<readonly Matrix[]>): number {
  let sum = 0;
  for (const matrices of gradients) {
    for (const matrix of matrices) sum += gradientsOf(backend).sumOfSquares(matrix);
  }
  return Math.sqrt(sum);
}
