import type { ActivationKind } from "@convbert/tensor";
import type { GraphBuilder, Value } from "./builder.js";

/** The reference's activation functions in operators of the graph (transformers 4.34, `activations.py`). */
export function activation(g: GraphBuilder, kind: ActivationKind, x: Value): Value {
  const times = (a: Value, b: Value) => g.op("Mul", [a, b]);
  const clipped = (value: Value, least: number, most: number) => g.op("Clip", [value, g.number(least), g.number(most)]);
  switch (kind) {
    case "gelu":
      return gelu(g, x);
    case "gelu_10":
      return clipped(gelu(g, x), -10, 10);
    case "gelu_tanh":
      return geluTanh(g, x);
    case "laplace":
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference's own constants
      return normalDistribution(g, g.op("Sub", [x, g.number(0.707107)]), 0.282095 * Math.SQRT2);
    case "linear":
      return x;
    case "mish":
      return times(x, g.op("Tanh", [g.op("Softplus", [x])]));
    case "quick_gelu":
      return times(x, g.op("Sigmoid", [times(x, g.number(1.702))]));
    case "relu":
      return g.op("Relu", [x]);
    case "relu2": {
      const positive = g.op("Relu", [x]);
      return times(positive, positive);
    }
    case "relu6":
      return clipped(x, 0, 6);
    case "sigmoid":
      return g.op("Sigmoid", [x]);
    case "silu":
      return times(x, g.op("Sigmoid", [x]));
    case "tanh":
      return g.op("Tanh", [x]);
  }
}

/** The erf form. ONNX Runtime joins it with the bias before it. */
function gelu(g: GraphBuilder, x: Value): Value {
  return g.isFused ? g.contrib("Gelu", [x]) : g.op("Mul", [x, normalDistribution(g, x, Math.SQRT2)]);
}

/** `(1 + erf(x / divisor)) / 2`. */
function normalDistribution(g: GraphBuilder, x: Value, divisor: number): Value {
  const raised = g.op("Add", [g.op("Erf", [g.op("Div", [x, g.number(divisor)])]), g.number(1)]);
  return g.op("Mul", [raised, g.number(0.5)]);
}

/** The tanh form. */
function geluTanh(g: GraphBuilder, x: Value): Value {
  if (g.isFused) return g.contrib("FastGelu", [x]);
  const cube = g.op("Mul", [g.op("Mul", [x, x]), x]);
  const sum = g.op("Add", [x, g.op("Mul", [cube, g.number(0.044715)])]);
  const raised = g.op("Add", [g.op("Tanh", [g.op("Mul", [sum, g.number(Math.sqrt(2 / Math.PI))])]), g.number(1)]);
  return g.op("Mul", [g.op("Mul", [x, g.number(0.5)]), raised]);
}
