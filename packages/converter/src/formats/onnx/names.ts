import type { Constant, GraphNode, OnnxGraph } from "./graph.js";

/** A part of a weight's elements: a constant, as a matrix with its last axis for columns. */
export interface WeightPart {
  readonly constant: Constant;
  /** The first column, and the one after the last; all where absent. */
  readonly columns?: readonly [number, number];
  readonly transposed: boolean;
}

/** A weight under its checkpoint name, and what its elements are, one part after the other. */
export interface FoundWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly WeightPart[];
}

/** Names that exporters keep: those of parameters. */
const PARAMETER = /^(?!onnx::)[\w.]+\.(weight|bias|gamma|beta)$/;
const DECODER = "generator_lm_head.weight";
const WORDS = "convbert.embeddings.word_embeddings.weight";
/** Element types that a weight may have. */
export const FLOATS: ReadonlySet<string> = new Set(["F32", "F16", "BF16", "F64"]);

/**
 * The weights of an exported graph under the names that they had. Exporters keep the names of most; the matrix of a linear
 * map they transpose, and call `onnx::MatMul_761` (TorchScript) or `val_21` (dynamo). It is the one that is multiplied by
 * where the product gets `X.bias` added: `X.weight`. Weights of equal values TorchScript keeps once, with an `Identity` for
 * each of the other names.
 */
export function weightsOf({ constants, nodes }: OnnxGraph): FoundWeight[] {
  const found = new Map<string, FoundWeight>();
  const add = (name: string, constant: Constant, transposed = false): void => {
    if (!FLOATS.has(constant.dtype) || found.has(name)) return;
    const shape = transposed ? [...constant.shape].reverse() : constant.shape;
    found.set(name, { name, shape, parts: [{ constant, transposed }] });
  };
  const aliases = new Map<string, string>();
  const users = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const [input] = node.inputs;
    // A constant that was rounded is the weight all the same.
    if ((node.type === "Identity" || node.type === "Cast") && input !== undefined) {
      for (const output of node.outputs) aliases.set(output, input);
    }
    for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node]);
  }
  /** The constant behind a name; never around in a circle. */
  const constantOf = (name: string | undefined): Constant | undefined => {
    for (let at = name, steps = 0; at !== undefined && steps < 8; at = aliases.get(at), steps++) {
      const constant = constants.get(at);
      if (constant !== undefined) return constant;
    }
    return undefined;
  };
  /** The parameter's name on the way to a constant. */
  const parameterOf = (name: string | undefined): string | undefined => {
    for (let at = name, steps = 0; at !== undefined && steps < 8; at = aliases.get(at), steps++) {
      if (PARAMETER.test(at) && constantOf(at) !== undefined) return at;
    }
    return undefined;
  };

  for (const constant of constants.values()) {
    if (PARAMETER.test(constant.name)) add(constant.name, constant);
  }
  for (const name of aliases.keys()) {
    const constant = constantOf(name);
    if (constant !== undefined && PARAMETER.test(name)) add(name, constant);
  }
  for (const { type, inputs, outputs, integers } of nodes) {
    // Of a table that is tied to the decoder exporters may keep the decoder's name alone.
    const table = type === "Gather" && parameterOf(inputs[0]) === DECODER ? constantOf(inputs[0]) : undefined;
    if (table !== undefined) add(WORDS, table);
    const constant = constantOf(inputs[1]);
    if (constant === undefined || constant.shape.length !== 2 || parameterOf(inputs[1]) !== undefined) continue;
    let biases: (string | undefined)[] = [];
    if (type === "MatMul") {
      biases = (users.get(outputs[0]!) ?? [])
        .filter((user) => user.type === "Add")
        .map((user) => parameterOf(user.inputs.find((input) => input !== outputs[0])));
    } else if (type === "Gemm") {
      biases = [parameterOf(inputs[2])];
    }
    const transposed = !(type === "Gemm" && integers.get("transB") === 1);
    for (const bias of biases) {
      if (bias?.endsWith(".bias")) add(bias.replace(/bias$/, "weight"), constant, transposed);
    }
  }
  return [...found.values()];
}

/** An operator or a constant by which a graph is one of 8-bit weights; undefined where there is none. */
export function quantisedBy({ constants, nodes }: OnnxGraph): string | undefined {
  const operator = nodes.find(({ type }) => /Quantize|^MatMulInteger|^ConvInteger|^MatMulNBits|^QLinear/.test(type));
  if (operator !== undefined) return operator.type;
  return [...constants.values()].find(({ dtype, shape }) => /^[UI]8$/.test(dtype) && shape.length > 1)?.name;
}
