import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTensors } from "../cases.ts";

/** The part of a tfjs tensor that is used here. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}
type T = TfTensor;

/** The part of @tensorflow/tfjs-core that is used here. */
export interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<Result>(run: () => Result): Result;
  tensor(data: Float32Array | Int32Array, shape: number[], dtype?: "float32" | "int32"): T;
  variable(initial: T): T;
  add(a: T, b: T): T;
  mul(a: T, b: T | number): T;
  erf(x: T): T;
  gather(table: T, indices: T): T;
  concat(tensors: T[], axis: number): T;
  split(x: T, count: number, axis: number): T[];
  slice(x: T, begin: number[], size: number[]): T;
  pad(x: T, widths: [number, number][]): T;
  reshape(x: T, shape: number[]): T;
  transpose(x: T, order: number[]): T;
  softmax(x: T, axis: number): T;
  matMul(a: T, b: T, transposeA?: boolean, transposeB?: boolean): T;
  depthwiseConv2d(x: T, filter: T, strides: number, pad: "same"): T;
  moments(x: T, axis: number, keepDims: boolean): { mean: T; variance: T };
  sub(a: T, b: T): T;
  rsqrt(x: T): T;
  readonly fused: { matMul(options: { a: T; b: T; bias?: T }): T };
}

interface Config {
  readonly hidden_size: number;
  readonly embedding_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly head_ratio: number;
  readonly num_groups: number;
  readonly conv_kernel_size: number;
  readonly layer_norm_eps: number;
}

/** ConvBERT as the reference's TFConvBertModel writes it, operation by operation, over a checkpoint's weights. */
export class TfjsConvBert {
  readonly #tf: Tfjs;
  readonly #config: Config;
  readonly #weights = new Map<string, T>();

  constructor(tf: Tfjs, folder: string) {
    this.#tf = tf;
    this.#config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    for (const [name, { shape, bytes }] of readTensors(join(folder, "model.safetensors"))) {
      // Dense weights are kept [inputs, outputs], as TensorFlow has them; the WebAssembly backend's fused product gives
      // wrong sums of transposed ones. And it takes no reshaped bias: the pointwise one is [channels, 1].
      const isDense = /^(embeddings_project|encoder).*\.weight$/.test(name) && shape.length === 2;
      const isTransposed = isDense || name.endsWith(".pointwise.weight");
      const kept = name.endsWith(".key_conv_attn_layer.bias") ? shape.slice(0, 1) : shape;
      const weight = tf.tensor(new Float32Array(bytes()), kept);
      this.#weights.set(name, isTransposed ? transposed(tf, weight) : weight);
    }
  }

  /** Makes the weights variables, and gives them. */
  trainable(): T[] {
    for (const [name, weight] of this.#weights) this.#weights.set(name, this.#tf.variable(weight));
    return [...this.#weights.values()];
  }

  /** `[batch, length]` of words and of segments to `[batch, length, hidden_size]`. Nothing is padded. */
  forward(words: T, segments: T): T {
    const tf = this.#tf;
    const [batch, length] = words.shape as [number, number];
    return tf.tidy(() => {
      const positions = tf.slice(this.#weight("embeddings.position_embeddings.weight"), [0, 0], [length, -1]);
      const looked = tf.add(
        tf.add(tf.gather(this.#weight("embeddings.word_embeddings.weight"), words), positions),
        tf.gather(this.#weight("embeddings.token_type_embeddings.weight"), segments),
      );
      const rows = tf.reshape(looked, [batch * length, this.#config.embedding_size]);
      let states = this.#norm(rows, "embeddings.LayerNorm");
      if (this.#weights.has("embeddings_project.weight")) states = this.#dense(states, "embeddings_project");
      for (let i = 0; i < this.#config.num_hidden_layers; i++) {
        states = tf.tidy(() => this.#layer(states, batch, length, `encoder.layer.${i}`));
      }
      return tf.reshape(states, [batch, length, this.#config.hidden_size]);
    });
  }

  #layer(states: T, batch: number, length: number, name: string): T {
    const tf = this.#tf;
    const mixed = this.#mix(states, batch, length, `${name}.attention.self`);
    const attended = this.#norm(
      tf.add(this.#dense(mixed, `${name}.attention.output.dense`), states),
      `${name}.attention.output.LayerNorm`,
    );
    const inner = this.#grouped(attended, `${name}.intermediate.dense`);
    const activated = tf.mul(tf.mul(inner, 0.5), this.#plusOne(tf.erf(tf.mul(inner, Math.SQRT1_2))));
    return this.#norm(tf.add(this.#grouped(activated, `${name}.output.dense`), attended), `${name}.output.LayerNorm`);
  }

  #plusOne(x: T): T {
    return this.#tf.add(x, this.#scalar(1));
  }

  /** Attention and span-based dynamic convolution, side by side. */
  #mix(states: T, batch: number, length: number, name: string): T {
    const tf = this.#tf;
    const { hidden_size, num_attention_heads, head_ratio, conv_kernel_size: taps } = this.#config;
    const heads = num_attention_heads / head_ratio;
    const size = hidden_size / num_attention_heads;
    const width = heads * size;
    const query = this.#dense(states, `${name}.query`);

    const perHead = (x: T) => tf.transpose(tf.reshape(x, [batch, length, heads, size]), [0, 2, 1, 3]);
    const scores = tf.matMul(perHead(query), perHead(this.#dense(states, `${name}.key`)), false, true);
    const probabilities = tf.softmax(tf.mul(scores, 1 / Math.sqrt(size)), -1);
    const context = tf.matMul(probabilities, perHead(this.#dense(states, `${name}.value`)));
    const attended = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch * length, width]);

    const spans = this.#separable(states, batch, length, `${name}.key_conv_attn_layer`);
    const kernels = tf.softmax(
      tf.reshape(this.#dense(tf.mul(spans, query), `${name}.conv_kernel_layer`), [batch, length, heads, taps]),
      -1,
    );
    const values = tf.pad(tf.reshape(this.#dense(states, `${name}.conv_out_layer`), [batch, length, heads, size]), [
      [0, 0],
      [taps >> 1, taps >> 1],
      [0, 0],
      [0, 0],
    ]);
    // A multiply-add for each tap: the reference unfolds the values and multiplies thousands of tiny matrices.
    let convolved: T | undefined;
    for (let tap = 0; tap < taps; tap++) {
      const shifted = tf.slice(values, [0, tap, 0, 0], [batch, length, heads, size]);
      const weighed = tf.mul(shifted, tf.slice(kernels, [0, 0, 0, tap], [batch, length, heads, 1]));
      convolved = convolved === undefined ? weighed : tf.add(convolved, weighed);
    }
    return tf.concat([attended, tf.reshape(convolved!, [batch * length, width])], 1);
  }

  /** Depthwise along the text, then pointwise. */
  #separable(states: T, batch: number, length: number, name: string): T {
    const tf = this.#tf;
    const { hidden_size } = this.#config;
    const filter = tf.transpose(this.#weight(`${name}.depthwise.weight`), [2, 1, 0]); // taps, 1, channels
    const [taps] = filter.shape as [number];
    const deep = tf.depthwiseConv2d(
      tf.reshape(states, [batch, length, 1, hidden_size]),
      tf.reshape(filter, [taps, 1, hidden_size, 1]),
      1,
      "same",
    );
    return tf.fused.matMul({
      a: tf.reshape(deep, [batch * length, hidden_size]),
      b: this.#weight(`${name}.pointwise.weight`),
      bias: this.#weight(`${name}.bias`),
    });
  }

  #dense(x: T, name: string): T {
    const options = { a: x, b: this.#weight(`${name}.weight`), bias: this.#weight(`${name}.bias`) };
    return this.#tf.fused.matMul(options);
  }

  #grouped(x: T, name: string): T {
    const tf = this.#tf;
    const { num_groups } = this.#config;
    if (num_groups === 1) return this.#dense(x, name);
    const weight = this.#weight(`${name}.weight`); // groups, inputs, outputs
    const [, inputs, outputs] = weight.shape as [number, number, number];
    const parts = tf
      .split(x, num_groups, 1)
      .map((part, i) => tf.matMul(part, tf.reshape(tf.slice(weight, [i, 0, 0], [1, -1, -1]), [inputs, outputs])));
    return tf.add(tf.concat(parts, 1), this.#weight(`${name}.bias`));
  }

  #norm(x: T, name: string): T {
    const tf = this.#tf;
    const { mean, variance } = tf.moments(x, -1, true);
    const scale = tf.rsqrt(tf.add(variance, this.#scalar(this.#config.layer_norm_eps)));
    const normal = tf.mul(tf.sub(x, mean), scale);
    return tf.add(tf.mul(normal, this.#weight(`${name}.weight`)), this.#weight(`${name}.bias`));
  }

  #scalar(value: number): T {
    return this.#tf.tensor(Float32Array.of(value), []);
  }

  #weight(name: string): T {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw new Error(`the checkpoint has no ${name}`);
    return weight;
  }
}

/** `[outputs, inputs]`, or a convolution over one position, to `[inputs, outputs]`. */
function transposed(tf: Tfjs, weight: T): T {
  const [outputs, inputs] = weight.shape as [number, number];
  const kept = tf.tidy(() => tf.transpose(tf.reshape(weight, [outputs, inputs]), [1, 0]));
  weight.dispose();
  return kept;
}
