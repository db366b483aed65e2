import { heapKernel } from "./heap.js";

/** There the function below is above 200, whose logistic function is 1 in float32, and that of its negative 0. */
const END = 7.5;

/**
 * An odd function whose logistic function is the normal distribution's: `x (c0 + c1 x² + ... + c6 x¹²)` for `|x| <= 6`, by
 * least squares, weighted so that `x` times the share has an error of 7e-8 at most. The backend's erf works on one number
 * at a time, and takes 3 to 10 ns for it; its logistic function on four, and takes 1.
 */
const [C0, C1, C2, C3, C4, C5, C6] = [
  1.5957684324551014, 0.0726685666816849, -6.625996696148825e-5, -1.1048025289819888e-4, 7.938200695258585e-6,
  -2.6689111117870615e-7, 3.611181477719392e-9,
] as const;

/** The odds' logarithm of the normal distribution's function at each element: `log(Φ / (1 - Φ))`. */
export const normalLogits = heapKernel<null>("ConvBertNormalLogits", ({ inputs: [values], outputs: [logits] }) => {
  for (let index = 0; index < logits!.length; index++) {
    const x = Math.max(-END, Math.min(END, values![index]!));
    const square = x * x;
    const fourth = square * square;
    logits![index] = x * (C0 + square * C1 + fourth * (C2 + square * C3 + fourth * (C4 + square * C5 + fourth * C6)));
  }
});
