import type { Backend } from "../backend.js";
import { gradientsOf } from "../backend.js";
import { ShapeError, TensorError } from "../errors.js";
import type { GradientMatrix, Matrix, PackedWeights } from "../operands.js";
import { keep, tidy } from "../scope.js";
import { Tensor } from "../tensor.js";
import { type BufferStore, isTensor } from "./buffers.js";

declare const recorded: unique symbol;

/**
 * The result of an operation that has a gradient rule. Only {@link differentiable} makes one, and the table of operations
 * takes nothing else: an operation without a rule does not compile.
 */
export type Recorded<T extends Tensor> = T & { readonly [recorded]: true };

/** Adds to the gradients of an operation's inputs, given its output's. */
export type GradientRule = (outputGradient: Matrix) => void;

/** Gives the matrix that a gradient is added to, zeros at first. */
export type GradientTarget<M = Matrix> = () => M;

/** The same of a tensor. */
export interface TensorGradientTarget extends GradientTarget {
  /**
   * For a kernel that takes a {@link GradientMatrix} and writes every element of a fresh one. At once: the next who asks
   * adds to it.
   */
  fresh(): GradientMatrix;
}

/** What an operation's rule can ask for while it is recorded. */
export interface Recording {
  /** Where a tensor's gradient goes; null when none is wanted. */
  tensor(input: Tensor): TensorGradientTarget | null;
  /** The same for packed weights. */
  packed(weights: PackedWeights): GradientTarget<PackedWeights> | null;
  /** A handle of a tensor that lives until the rule has run. */
  save<T extends Tensor>(tensor: T): T;
}

interface Node {
  /** Of the block that the operation wrote. */
  readonly key: object;
  readonly output: Tensor;
  readonly rule: GradientRule;
  readonly saved: readonly Tensor[];
}

const active: Tape[] = [];

/**
 * Passes on an operation's output, and, while a tape records, notes how gradients flow back through it. `rule` is asked
 * for at once; where none of its targets exist nothing is noted, so that frozen parts cost nothing.
 */
export function differentiable<T extends Tensor>(output: T, rule: (recording: Recording) => GradientRule): Recorded<T> {
  active.at(-1)?.note(output, rule);
  return output as Recorded<T>;
}

/** Whether operations are being recorded, so that a fused one must keep what its rule needs. */
export function isRecording(): boolean {
  return active.length > 0;
}

/** A vector's gradient as the single row of columns that it is, whatever its tensor's shape. */
export function flatRow(matrix: Matrix): Matrix {
  const columns = matrix.rows * matrix.columns;
  return { ...matrix, rows: 1, columns, stride: columns };
}

/**
 * Records operations and runs their gradient rules backwards. Gradients of the trainables in `store` are added there;
 * those of everything in between live only as long as they are needed.
 *
 * Views (`slice`, `reshape`) need no rule: a gradient belongs to a block, and a view's gradient is the same view of it.
 */
export class Tape implements Disposable {
  readonly backend: Backend;
  readonly #store: BufferStore;
  readonly #nodes: Node[] = [];
  /** Blocks between the trainables and the output through which gradients flow. */
  readonly #tracked = new WeakSet<object>();
  /** Gradients of blocks that are not trainables. */
  readonly #gradients = new Map<object, Tensor<"float32">>();

  /** Throws BackendError for a backend without gradients. */
  constructor(backend: Backend, store: BufferStore) {
    gradientsOf(backend);
    this.backend = backend;
    this.#store = store;
  }

  /** Operations that are recorded now. */
  get length(): number {
    return this.#nodes.length;
  }

  /** Runs synchronous work, recording every operation in it. */
  record<Result>(work: () => Result): Result {
    active.push(this);
    try {
      return work();
    } finally {
      active.pop();
    }
  }

  /**
   * Gradient checkpointing ("Training Deep Nets with Sublinear Memory Cost", Chen et al. 2016): runs `work` and keeps
   * only its inputs; the backward pass runs it again, so it must give the same result each time. `work` gets handles of
   * `inputs` and uses no other tensors than these and parameters.
   */
  checkpoint<T extends Tensor>(inputs: readonly Tensor[], work: (inputs: readonly Tensor[]) => T): T {
    const start = this.#nodes.length;
    const output = this.record(() => work(inputs));
    const flows = this.#nodes.length > start;
    this.#drop(start);
    if (flows) {
      const saved = inputs.map((input) => keep(input.viewIn()));
      const key = output.block;
      this.#nodes.push({
        key,
        output: keep(output.viewIn()),
        saved,
        rule: () => {
          const from = this.#nodes.length;
          const again = tidy(() => this.record(() => work(saved)));
          const gradient = this.#gradients.get(key)!;
          this.#gradients.set(again.block, gradient);
          this.#run(from);
          again.dispose();
        },
      });
      this.#tracked.add(key);
    }
    return output;
  }

  /** @internal See {@link differentiable}. */
  note(output: Tensor, rule: (recording: Recording) => GradientRule): void {
    const saved: Tensor[] = [];
    let flows = false;
    const wanted = (key: object) => {
      const found = this.#store.getByKey(key) !== undefined || this.#tracked.has(key);
      flows ||= found;
      return found;
    };
    const run = rule({
      tensor: (input) => {
        const key = input.block;
        if (!wanted(key)) {
          return null;
        }
        const view = keep(input.viewIn());
        saved.push(view);
        return Object.assign(() => this.#gradientOf(key, view), { fresh: () => this.#gradientOf(key, view, true) });
      },
      packed: (weights) => (wanted(weights) ? () => this.#store.getByKey(weights) as PackedWeights : null),
      save: (tensor) => {
        const handle = keep(tensor.viewIn());
        saved.push(handle);
        return handle as typeof tensor;
      },
    });
    if (!flows) {
      dispose(saved);
      return;
    }
    this.#tracked.add(output.block);
    this.#nodes.push({ key: output.block, output: keep(output.viewIn()), rule: run, saved });
  }

  /**
   * Adds the gradients of `loss`, a single number, times `factor` to the store and forgets what was recorded.
   * Throws ShapeError for more than one number and TensorError when no trainable had a part in it.
   */
  backward(loss: Tensor, factor = 1): void {
    if (loss.size !== 1) {
      throw new ShapeError("Tape.backward", "a loss of a single number", loss.shape);
    }
    if (!this.#tracked.has(loss.block)) {
      throw new TensorError("Tape.backward", "no trainable parameter took part in this loss while the tape recorded");
    }
    gradientsOf(this.backend).fill(this.#gradientOf(loss.block, loss), factor);
    try {
      this.#run(0);
    } finally {
      this.reset();
    }
  }

  /** Forgets what was recorded and frees its memory; the tape can record again. */
  reset(): void {
    this.#drop(0);
    dispose(this.#gradients.values());
    this.#gradients.clear();
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  #drop(start: number): void {
    for (const { saved, output } of this.#nodes.splice(start)) {
      dispose(saved);
      output.dispose();
    }
  }

  #run(from: number): void {
    while (this.#nodes.length > from) {
      const { key, output, rule, saved } = this.#nodes.pop()!;
      const gradient = this.#gradients.get(key);
      if (gradient !== undefined) {
        const outputGradient = output.viewIn(gradient);
        rule(outputGradient.matrix());
        outputGradient.dispose();
        this.#gradients.delete(key);
        gradient.dispose();
      }
      dispose(saved);
      output.dispose();
    }
  }

  /** With `mayBeFresh`, memory that was just allocated is not cleared where the view is all of it. */
  #gradientOf(key: object, view: Tensor, mayBeFresh = false): GradientMatrix {
    const trained = this.#store.getByKey(key);
    let gradient = trained !== undefined && isTensor(trained) ? trained : this.#gradients.get(key);
    let isFresh = false;
    if (gradient === undefined) {
      gradient = keep(Tensor.allocate(this.backend, [view.blockElements]));
      isFresh = mayBeFresh && view.size === view.blockElements;
      if (!isFresh) {
        gradientsOf(this.backend).fill(gradient.matrix(), 0);
      }
      this.#gradients.set(key, gradient);
    }
    const part = view.viewIn(gradient);
    const matrix = part.matrix();
    part.dispose();
    return isFresh ? { ...matrix, isFresh } : matrix;
  }
}

function dispose(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) {
    tensor.dispose();
  }
}
