import type { ConvBertConfig } from "@convbert/model";
import type { GraphBuilder, Value } from "./builder.js";
import type { LinearWeights } from "./product.js";

/** A weight under its checkpoint name, in the checkpoint's order. */
export interface NamedWeights {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Float32Array;
}

/** What a graph is made from: every model of `@convbert/model` and `@convbert/heads` is one. */
export interface GraphSource {
  readonly modelName: string;
  readonly config: ConvBertConfig;
  parameter(name: string): NamedWeights | undefined;
}

/** A part of the model, whose weights' names start with its path. */
export class Module {
  readonly #source: GraphSource;
  readonly #path: string;

  constructor(source: GraphSource, path = "") {
    this.#source = source;
    this.#path = path;
  }

  module(name: string | number): Module {
    return new Module(this.#source, this.path(String(name)));
  }

  path(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  parameter(name: string): NamedWeights {
    const path = this.path(name);
    const found = this.#source.parameter(path);
    if (found === undefined) {
      throw new RangeError(`${this.#source.modelName} has no weight ${path}`);
    }
    return found;
  }

  /** All elements of a weight in one axis. */
  vector(g: GraphBuilder, name: string): Value {
    const { name: path, shape, read } = this.parameter(name);
    const vector = g.floats(path, [shape.reduce((product, extent) => product * extent, 1)], read);
    g.hold(vector, [{ name: path, shape }]);
    return vector;
  }

  /** A weight as it stands. */
  table(g: GraphBuilder, name: string): Value {
    const { name: path, shape, read } = this.parameter(name);
    const table = g.floats(path, shape, read);
    g.hold(table, [{ name: path, shape }]);
    return table;
  }

  /** The weight of a linear map, or of a convolution of one tap. */
  linear(): LinearWeights {
    const { name, shape, read } = this.parameter("weight");
    return { name, outputs: shape[0]!, inputs: shape[1]!, read, holds: [{ name, shape, transposed: true }] };
  }
}
