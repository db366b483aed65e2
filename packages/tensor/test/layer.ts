import {
  attention,
  type Backend,
  depthwiseConvolution,
  dynamicConvolution,
  layerNorm,
  linear,
  softmax,
  Tensor,
  uniformSequences,
} from "../src/index.js";
import { numbers } from "./numbers.js";

/** Everything that a layer does, at sizes that are worth several threads and no multiple of anything. */
export function compute(backend: Backend): Record<string, Float32Array> {
  const results = Object.entries(computed(backend));
  return Object.fromEntries(results.map(([name, { data }]) => [name, (data as Float32Array).slice()]));
}

/** The same in the backend's memory. */
export function computed(backend: Backend): Record<string, Tensor> {
  const tokens = 3 * 67;
  const sequences = uniformSequences(3, 67);
  const tensor = (shape: number[], seed: number) =>
    Tensor.from(
      backend,
      numbers(
        shape.reduce((a, b) => a * b),
        seed,
      ),
      shape,
    );
  const results: Record<string, Tensor> = {};
  const x = tensor([tokens, 132], 1);
  for (const dtype of ["float32", "int8"] as const) {
    const weights = backend.createPacked(395, 132, dtype);
    backend.packRows(weights, 0, numbers(395 * 132, 2));
    results[`linear ${dtype}`] = linear(x, weights, { bias: tensor([395], 3), activation: "gelu" });
    const deep = backend.createPacked(45, 4501, dtype);
    backend.packRows(deep, 0, numbers(45 * 4501, 4));
    results[`deep linear ${dtype}`] = linear(tensor([300, 4501], 5), deep);
  }
  results["layerNorm"] = layerNorm(x, tensor([132], 6), tensor([132], 7), 1e-12, tensor([tokens, 132], 8));
  results["softmax"] = softmax(tensor([tokens, 6 * 9], 9), 9);
  results["depthwise"] = depthwiseConvolution(x, tensor([9, 132], 10), sequences);
  results["dynamic"] = dynamicConvolution(x, tensor([tokens, 6 * 9], 11), 6, sequences);
  const { context, probabilities } = attention(x, tensor([tokens, 132], 12), tensor([tokens, 132], 13), sequences, {
    heads: 6,
    scale: 0.3,
    probabilities: true,
  });
  results["context"] = context;
  results["probabilities"] = probabilities!;
  return results;
}
