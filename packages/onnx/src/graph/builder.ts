import type { WeightEntry, WeightTable } from "@convbert/converter/formats/internal";
import type { AttributeValue, ElementType, GraphValue, Initializer, Node, Subgraph } from "./model-proto.js";
import { asHalf, bytesOf } from "./weights.js";

/** Domain of the operators that ONNX Runtime has beyond the standard. */
const CONTRIB = "com.microsoft";

/** Name of what a node gives, or of an input or a constant. */
export type Value = string;

/** A weight that an initializer holds, or a part of one: its name, and how it lies there. */
export type HeldWeight = { readonly name: string } & Omit<WeightEntry, "of">;

/** What a graph is made for. */
export interface GraphStyle {
  /** "fused": with ONNX Runtime's own operators; "standard": with those of the standard alone. */
  readonly operators: "fused" | "standard";
  /** Type of weights and of what is computed between them. */
  readonly floats: "float32" | "float16";
  /** 8-bit weights of large products and of the word embeddings, signed or with zero point 128; null: floats. */
  readonly integers: "int8" | "uint8" | null;
}

/** Attributes as they are easiest to write: whole numbers are ints, `{ float }` where a float is meant. */
type Attributes = Readonly<
  Record<string, number | readonly number[] | string | { readonly float: number } | { readonly graph: Subgraph }>
>;

/** Puts a graph together, node by node. */
export class GraphBuilder {
  readonly style: GraphStyle;
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly inputs: GraphValue[] = [];
  readonly outputs: GraphValue[] = [];
  readonly #held = new Map<string, HeldWeight & { readonly of: string[] }>();
  readonly #constants = new Map<string, Value>();
  readonly #renamed = new Map<Value, Value>();
  #path = "";
  /** Where nodes go: into the graph or a branch of it. */
  #open = this.nodes;
  #count = 0;

  constructor(style: GraphStyle) {
    this.style = style;
  }

  /** Whether ONNX Runtime's own operators may be used. */
  get isFused(): boolean {
    return this.style.operators === "fused";
  }

  /** Nodes that `work` adds are named after a part of the model. */
  within<Result>(part: string, work: () => Result): Result {
    const outer = this.#path;
    this.#path = `${outer}${part}/`;
    try {
      return work();
    } finally {
      this.#path = outer;
    }
  }

  input(name: string, type: ElementType, shape: readonly (number | string)[]): Value {
    this.inputs.push({ name, type, shape });
    return name;
  }

  /** Makes a value an output of the graph, float32 whatever the graph computes in. */
  output(name: string, given: Value, shape: readonly (number | string)[]): void {
    const value = this.#renamed.get(given) ?? given;
    const index = this.nodes.findIndex(({ outputs }) => outputs.includes(value));
    const isOutput = this.outputs.some((output) => output.name === value);
    if (this.style.floats === "float16") this.#add("Cast", "", [value], { to: 1 }, [name]);
    else if (index < 0 || isOutput) this.#add("Identity", "", [value], {}, [name]);
    else this.#rename(value, name);
    this.outputs.push({ name, type: "float32", shape });
  }

  #rename(from: Value, to: Value): void {
    this.#renamed.set(from, to);
    const all = (values: readonly Value[]) => values.map((value) => (value === from ? to : value));
    // Branches use the graph's values, and give none of them.
    const renamed = (node: Node): Node => ({
      ...node,
      inputs: all(node.inputs),
      outputs: all(node.outputs),
      attributes: Object.fromEntries(
        Object.entries(node.attributes).map(([key, value]) => [
          key,
          "graph" in value ? { graph: { ...value.graph, nodes: value.graph.nodes.map(renamed) } } : value,
        ]),
      ),
    });
    for (const [index, node] of this.nodes.entries()) this.nodes[index] = renamed(node);
  }

  /**
   * One of two values of the graph's float type, of which only the chosen one is computed. Both may use what was computed
   * before; what they compute is theirs alone.
   * @param condition a truth value.
   */
  either(condition: Value, whenTrue: () => Value, whenFalse: () => Value): Value {
    const branch = (name: string, work: () => Value): { readonly graph: Subgraph } => {
      const outer = this.#open;
      const nodes: Node[] = [];
      this.#open = nodes;
      try {
        return { graph: { name, nodes, output: { name: work(), type: this.style.floats } } };
      } finally {
        this.#open = outer;
      }
    };
    return this.op("If", [condition], {
      then_branch: branch("then", whenTrue),
      else_branch: branch("else", whenFalse),
    });
  }

  /** A node of the standard with one output. */
  op(type: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.#add(type, "", inputs, attributes, 1)[0]!;
  }

  /** The same with several outputs. */
  ops(type: string, inputs: readonly (Value | null)[], attributes: Attributes, count: number): Value[] {
    return this.#add(type, "", inputs, attributes, count);
  }

  /** A node of ONNX Runtime's own. */
  contrib(type: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.#add(type, CONTRIB, inputs, attributes, 1)[0]!;
  }

  /** Whole numbers in one axis, as operators take shapes, axes and ends. */
  ints(...values: number[]): Value {
    return this.#shared(`ints:${values.join()}`, () => ({
      type: "int64",
      shape: [values.length],
      bytes: () => bytesOf(BigInt64Array.from(values, BigInt)),
    }));
  }

  /** One whole number without axes. */
  int(value: number): Value {
    return this.#shared(`int:${value}`, () => ({
      type: "int64",
      shape: [],
      bytes: () => bytesOf(BigInt64Array.of(BigInt(value))),
    }));
  }

  /** One number without axes, of the graph's float type. */
  number(value: number): Value {
    return this.#shared(`number:${value}`, () => this.#floats([], () => Float32Array.of(value)));
  }

  /** Weights of the graph's float type. `read` is asked when they are written. */
  floats(name: string, shape: readonly number[], read: () => Float32Array): Value {
    return this.constant({ name, ...this.#floats(shape, read) });
  }

  /** Notes which weights an initializer holds; what several hold lies in the order in which they are noted. */
  hold(initializer: Value, weights: readonly HeldWeight[]): void {
    for (const weight of weights) {
      const of = this.#held.get(weight.name)?.of ?? [];
      if (!of.includes(initializer)) of.push(initializer);
      this.#held.set(weight.name, { ...weight, of });
    }
  }

  /** Where each weight lies; undefined for 8 bits, from which none comes back. */
  get weights(): WeightTable | undefined {
    if (this.style.integers !== null) return undefined;
    return Object.fromEntries([...this.#held.values()].map(({ name, ...entry }) => [name, entry]));
  }

  /** A constant of any type; of one name there is only one. */
  constant(initializer: Initializer): Value {
    return this.#shared(`named:${initializer.name}`, () => initializer, initializer.name);
  }

  #floats(shape: readonly number[], read: () => Float32Array): Omit<Initializer, "name"> {
    const { floats: type } = this.style;
    return { type, shape, bytes: () => bytesOf(type === "float16" ? asHalf(read()) : read()) };
  }

  #shared(key: string, make: () => Omit<Initializer, "name">, name = `constant_${this.#constants.size}`): Value {
    const found = this.#constants.get(key);
    if (found !== undefined) return found;
    this.initializers.push({ ...make(), name });
    this.#constants.set(key, name);
    return name;
  }

  #add(
    type: string,
    domain: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    outputs: number | readonly string[],
  ): Value[] {
    const name = `${this.#path}${type}_${this.#count++}`;
    const names =
      typeof outputs === "number" ? Array.from({ length: outputs }, (_, index) => `${name}:${index}`) : [...outputs];
    let last = inputs.length;
    while (last > 0 && inputs[last - 1] === null) last--;
    this.#open.push({
      type,
      name,
      domain,
      inputs: inputs.slice(0, last).map((input) => (input === null ? "" : (this.#renamed.get(input) ?? input))),
      outputs: names,
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
    });
    return names;
  }
}

function attribute(value: Attributes[string]): AttributeValue {
  if (typeof value === "number") return { int: value };
  if (typeof value === "string") return { text: value };
  return "float" in value || "graph" in value ? value : { ints: value };
}
