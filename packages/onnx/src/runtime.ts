import { widenHalf } from "@convbert/converter/internal";
import { type FloatArray, InputError, ndarrayOf } from "@convbert/model";

/** What a graph takes and gives; `onnxruntime-common`'s `Tensor` is one. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A graph that a runtime has loaded; `onnxruntime-common`'s `InferenceSession` is one. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, never>>): Promise<object>;
  release(): Promise<void>;
}

/**
 * ONNX Runtime for JavaScript, whichever the caller has: `import * as ort from "onnxruntime-node"`, "onnxruntime-web" or
 * "onnxruntime-web/webgpu". This package imports none of them.
 */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: never): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OnnxTensor;
}

/** An input of a graph before it is the runtime's. */
export interface Feed {
  readonly name: string;
  readonly type: "int64" | "float32" | "bool";
  readonly data: BigInt64Array | Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** Whole numbers as graphs take them. */
export function integerFeed(name: string, values: Int32Array, shape: readonly number[]): Feed {
  const data = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]!);
  return { name, type: "int64", data, shape };
}

export function floatFeed(name: string, data: Float32Array, shape: readonly number[]): Feed {
  return { name, type: "float32", data, shape };
}

/**
 * Throws InputError for what is no ONNX Runtime: passing the package's name, or forgetting it, are easy mistakes.
 */
export function checkRuntime(runtime: unknown): asserts runtime is OnnxRuntime {
  const { InferenceSession, Tensor } = (runtime ?? {}) as Partial<OnnxRuntime>;
  if (typeof InferenceSession?.create !== "function" || typeof Tensor !== "function") {
    throw new InputError(
      "runtime",
      'expected ONNX Runtime itself: import * as ort from "onnxruntime-node" (or "onnxruntime-web"), then { runtime: ort }',
    );
  }
}

/** A graph's output as an array of the caller's own. */
export function floatArray(name: string, tensor: OnnxTensor): FloatArray {
  return ndarrayOf(floatValues(name, tensor), [...tensor.dims]);
}

function floatValues(name: string, { type, data }: OnnxTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (type === "float16" && data instanceof Uint16Array) {
    const values = new Float32Array(data.length);
    widenHalf(data, values);
    return values;
  }
  if (type === "float16" && ArrayBuffer.isView(data)) return Float32Array.from(data as unknown as ArrayLike<number>);
  throw new InputError(name, `the graph gives ${type} there, and not floats`);
}
