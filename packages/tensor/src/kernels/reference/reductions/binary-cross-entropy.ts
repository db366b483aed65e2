import type { Matrix } from "../../../operands.js";
import { numberIn, setNumber } from "./scratch.js";

/** Without overflow, as `torch.nn.BCEWithLogitsLoss`. */
export function binaryCrossEntropy(logits: Matrix, targets: Matrix, output: Matrix): void {
  const x = logits.storage.float32();
  const y = targets.storage.float32();
  let total = 0;
  for (let row = 0; row < logits.rows; row++) {
    const [from, wanted] = [logits.offset + row * logits.stride, targets.offset + row * targets.stride];
    for (let column = 0; column < logits.columns; column++) {
      const logit = x[from + column]!;
      total += Math.max(logit, 0) - logit * y[wanted + column]! + Math.log1p(Math.exp(-Math.abs(logit)));
    }
  }
  setNumber(output, total / (logits.rows * logits.columns));
}

export function binaryCrossEntropyGradient(
  logits: Matrix,
  targets: Matrix,
  outputGradient: Matrix,
  gradient: Matrix,
): void {
  const x = logits.storage.float32();
  const y = targets.storage.float32();
  const dx = gradient.storage.float32();
  const factor = numberIn(outputGradient) / (logits.rows * logits.columns);
  for (let row = 0; row < logits.rows; row++) {
    const [from, wanted] = [logits.offset + row * logits.stride, targets.offset + row * targets.stride];
    const to = gradient.offset + row * gradient.stride;
    for (let column = 0; column < logits.columns; column++) {
      dx[to + column]! += factor * (1 / (1 + Math.exp(-x[from + column]!)) - y[wanted + column]!);
    }
  }
}
