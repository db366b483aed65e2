import type { GraphBuilder, HeldWeight, Value } from "./builder.js";
import { bytesOf, quantizedRows, rowScales, transposed } from "./weights.js";

/** The weights of a linear map in PyTorch's order, `[outputs, inputs]`. */
export interface LinearWeights {
  /** What the initializers are named after. */
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  read(): Float32Array;
  /** The model's weights among them; columns are outputs. */
  readonly holds: readonly HeldWeight[];
}

/** Weights that are worth 8 bits; smaller products gain nothing and lose exactness. */
const SMALLEST_QUANTIZED = 32 * 1024;

/**
 * A product with a linear map's weights, `[rows, inputs]` to `[rows, outputs]`, and its bias where one is given.
 * 8-bit weights have a scale for each output channel; the inputs are quantised as they come, a scale for all of them.
 */
export function product(g: GraphBuilder, x: Value, weights: LinearWeights, bias: Value | null = null): Value {
  const { integers: type } = g.style;
  if (type === null || weights.outputs * weights.inputs < SMALLEST_QUANTIZED) {
    const { name, inputs, outputs, read } = weights;
    const matrix = g.floats(`${name}.transposed`, [inputs, outputs], () => transposed(read(), outputs, inputs));
    g.hold(matrix, weights.holds);
    // ONNX Runtime has no Gemm of half floats on processors, but casts around a MatMul.
    if (bias !== null && g.style.floats === "float32") return g.op("Gemm", [x, matrix, bias]);
    return withBias(g, g.op("MatMul", [x, matrix]), bias);
  }
  return quantizedProduct(g, x, quantizedMatrix(g, weights, type), bias);
}

export function withBias(g: GraphBuilder, x: Value, bias: Value | null): Value {
  return bias === null ? x : g.op("Add", [x, bias]);
}

/** 8-bit weights `[inputs, outputs]`, the scales of their columns, and their zero point. */
export interface QuantizedMatrix {
  readonly matrix: Value;
  readonly scales: Value;
  readonly zero: Value | null;
}

function quantizedMatrix(g: GraphBuilder, weights: LinearWeights, type: "int8" | "uint8"): QuantizedMatrix {
  const { name, inputs, outputs, read } = weights;
  const matrix = g.constant({
    name: `${name}.quantized`,
    type,
    shape: [inputs, outputs],
    bytes: () => transposed(quantizedRows(read(), outputs, type), outputs, inputs),
  });
  return { matrix, scales: scalesOf(g, name, outputs, read), zero: zeroPoint(g, type) };
}

/** A scale for each row of `[rows, columns]`. */
export function scalesOf(g: GraphBuilder, name: string, rows: number, read: () => Float32Array): Value {
  return g.constant({
    name: `${name}.scales`,
    type: "float32",
    shape: [rows],
    bytes: () => bytesOf(rowScales(read(), rows)),
  });
}

/** What stands for zero among 8-bit weights; null where 0 does. */
export function zeroPoint(g: GraphBuilder, type: "int8" | "uint8"): Value | null {
  return type === "int8"
    ? null
    : g.constant({ name: "zero_point", type: "uint8", shape: [], bytes: () => Uint8Array.of(128) });
}

/** The product itself: one operator in ONNX Runtime, several of the standard. */
export function quantizedProduct(
  g: GraphBuilder,
  x: Value,
  { matrix, scales, zero }: QuantizedMatrix,
  bias: Value | null,
): Value {
  if (g.isFused) return g.contrib("DynamicQuantizeMatMul", [x, matrix, scales, zero, bias]);
  const [integers, scale, offset] = g.ops("DynamicQuantizeLinear", [x], {}, 3) as [Value, Value, Value];
  const sums = g.op("Cast", [g.op("MatMulInteger", [integers, matrix, offset, zero])], { to: 1 });
  return withBias(g, g.op("Mul", [sums, g.op("Mul", [scale, scales])]), bias);
}
