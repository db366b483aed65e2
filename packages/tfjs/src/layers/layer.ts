import type * as tf from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable, layers } from "@tensorflow/tfjs-layers";

type Initializer = ReturnType<typeof initializers.zeros>;

/** How the weights of a layer start. */
export interface InitialWeights {
  /** Zeros everywhere, for weights that are loaded next. */
  readonly zeros?: boolean;
  /** Seed of what is drawn. */
  readonly seed?: number | undefined;
  /** Throws where a model would have more weights than it may: gets how many there are so far, and whose they are. */
  readonly room?: (taken: number, path: string) => void;
}

/** Where a layer stands in the one that the model's graph has. */
export interface LayerScope {
  /** Name of the outermost layer, "convbert". */
  readonly root: string;
  /** Names in front of its weights' names below that one, with a slash behind: "encoder/layer_._0/". */
  readonly path: string;
  readonly weights: Weights;
}

/** Draws or zeroes weights; each gets a stream of its own. */
export class Weights {
  readonly #zeros: boolean;
  readonly #room: InitialWeights["room"];
  #seed: number | undefined;
  #taken = 0;

  constructor({ zeros = false, seed, room }: InitialWeights = {}) {
    this.#zeros = zeros;
    this.#seed = seed;
    this.#room = room;
  }

  /** Counts a weight that is about to be made. */
  take(size: number, path: string): void {
    this.#taken += size;
    this.#room?.(this.#taken, path);
  }

  /** The reference's `get_initializer`: a normal distribution cut at two deviations. */
  normal(deviation: number): Initializer {
    return this.#zeros ? initializers.zeros() : initializers.truncatedNormal({ stddev: deviation, seed: this.#next() });
  }

  /** Keras's default for kernels. */
  glorot(): Initializer {
    return this.#zeros ? initializers.zeros() : initializers.glorotUniform({ seed: this.#next() });
  }

  #next(): number {
    if (this.#seed === undefined) {
      return Math.floor(Math.random() * 2 ** 31);
    }
    this.#seed += 1;
    return this.#seed;
  }
}

/**
 * A layer made of layers: their weights are its own, under their path, and `trainable` reaches down to them. Only the
 * outermost one takes part in a model's graph; those inside are plain parts with a `run` of their own.
 */
export abstract class ConvBertLayer extends layers.Layer {
  readonly #parts: ConvBertLayer[] = [];
  protected readonly scope: LayerScope;

  constructor(name: string, scope: LayerScope, options: { readonly trainable?: boolean } = {}) {
    super({ name, ...(options.trainable !== undefined && { trainable: options.trainable }) });
    this.scope = scope;
  }

  /** The scope of a part with that name. */
  protected inside(name: string): LayerScope {
    return { ...this.scope, path: `${this.scope.path}${name}/` };
  }

  protected part<Part extends ConvBertLayer>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** Makes the layer's own weights. */
  protected declare(): void {}

  protected weight(name: string, shape: number[], initializer: Initializer): LayerVariable {
    const { root, path, weights } = this.scope;
    weights.take(
      shape.reduce((size, extent) => size * extent, 1),
      `${root}.${path.replaceAll("/", ".")}${name}`,
    );
    return this.addWeight(path + name, shape, "float32", initializer);
  }

  /**
   * Replaces one of the layer's own weights by one of another shape, and frees the old one.
   * @returns the new one.
   */
  protected replace(old: LayerVariable, initial: tf.Tensor): LayerVariable {
    const at = this._trainableWeights.indexOf(old);
    const Variable = old.constructor as typeof LayerVariable;
    const fresh = new Variable(initial, "float32", old.originalName, old.trainable);
    this._trainableWeights[at] = fresh;
    old.dispose();
    return fresh;
  }

  /** Frees what the layer keeps beside its weights. */
  protected release(): void {}

  #releaseAll(): void {
    this.release();
    for (const part of this.#parts) {
      part.#releaseAll();
    }
  }

  protected override disposeWeights(): number {
    this.#releaseAll();
    return super.disposeWeights();
  }

  override build(): void {
    if (this.built) {
      return;
    }
    this.declare();
    for (const part of this.#parts) {
      part.build();
    }
    this.built = true;
  }

  override get trainable(): boolean {
    return super.trainable;
  }

  override set trainable(trainable: boolean) {
    super.trainable = trainable;
    for (const part of this.#parts) {
      part.trainable = trainable;
    }
  }

  override get trainableWeights(): LayerVariable[] {
    return this.trainable ? [super.trainableWeights, ...this.#parts.map((part) => part.trainableWeights)].flat() : [];
  }

  override set trainableWeights(weights: LayerVariable[]) {
    super.trainableWeights = weights;
  }

  override get nonTrainableWeights(): LayerVariable[] {
    const own = super.nonTrainableWeights;
    return [own, ...this.#parts.map((part) => (this.trainable ? part.nonTrainableWeights : part.weights))].flat();
  }

  override set nonTrainableWeights(weights: LayerVariable[]) {
    super.nonTrainableWeights = weights;
  }
}
