import type { NdArray } from "ndarray";
import type { Backend } from "./backend.js";
import { contiguousStrides, type DataArray, type DType, type DTypeArrays, ELEMENT_BYTES, sizeOf } from "./dtype.js";
import { BackendError, DisposedError, DTypeError, ShapeError, TensorError } from "./errors.js";
import { ndarrayOf } from "./ndarray.js";
import type { Matrix, Storage } from "./operands.js";
import { register, unregister } from "./scope-stack.js";

/** Counts the tensors that view one block; the last one to go gives the block back. */
interface SharedStorage {
  readonly storage: Storage;
  /** Elements of the tensor that the block was made for. */
  readonly elements: number;
  holders: number;
}

/**
 * An array in a backend's memory: a shape, strides and a block that the kernels work on directly. Tensors made inside
 * {@link tidy} are freed when it ends; others by {@link Tensor.dispose} (or `using`). Views made by `reshape` and
 * `slice` share the block and keep it alive.
 */
export class Tensor<D extends DType = DType> implements Disposable {
  readonly backend: Backend;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Elements between neighbours along each axis; the last axis always has stride 1. */
  readonly strides: readonly number[];
  /** Element of the block where this tensor starts. */
  readonly offset: number;
  #shared: SharedStorage | null;

  private constructor(
    backend: Backend,
    dtype: D,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    shared: SharedStorage,
  ) {
    this.backend = backend;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.#shared = shared;
    shared.holders++;
    register(this);
  }

  /** A tensor whose contents are undefined until a kernel writes them. */
  static allocate<D extends DType = "float32">(
    backend: Backend,
    shape: readonly number[],
    dtype: D = "float32" as D,
  ): Tensor<D> {
    for (const extent of shape) {
      if (!Number.isInteger(extent) || extent < 0) {
        throw new ShapeError("Tensor.allocate", "extents that are integers of at least 0", shape);
      }
    }
    const storage = backend.allocate(Math.max(1, sizeOf(shape)) * ELEMENT_BYTES);
    return new Tensor(backend, dtype, shape, contiguousStrides(shape), 0, {
      storage,
      elements: sizeOf(shape),
      holders: 0,
    });
  }

  /** Copies numbers into the backend's memory. Throws ShapeError when their count is not that of the shape. */
  static from<D extends DType = "float32">(
    backend: Backend,
    values: ArrayLike<number>,
    shape: readonly number[] = [values.length],
    dtype: D = "float32" as D,
  ): Tensor<D> {
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError("Tensor.from", `a shape of ${values.length} elements`, shape);
    }
    const tensor = Tensor.allocate(backend, shape, dtype);
    tensor.write(values);
    return tensor;
  }

  /** Copies numbers over elements of a contiguous tensor, from element `offset` on. Throws ShapeError for too many. */
  write(values: ArrayLike<number>, offset = 0): void {
    if (offset + values.length > this.size) {
      throw new ShapeError("Tensor.write", `room for ${offset + values.length} elements`, this.shape);
    }
    const { transfer } = this.backend;
    if (transfer === undefined) {
      (this.data as DataArray).set(values, offset);
      return;
    }
    this.#assertContiguous("Tensor.write");
    const Elements = this.dtype === "int32" ? Int32Array : Float32Array;
    const copy = values instanceof Elements ? values : Elements.from(values);
    transfer.write(this.#held().storage, this.offset + offset, copy);
  }

  /** A copy outside the backend's memory, row-major; works for memory that the processor does not see, too. */
  async read(): Promise<NdArray<DTypeArrays[D]>> {
    const { transfer } = this.backend;
    return transfer === undefined
      ? this.toArray()
      : ndarrayOf(await transfer.read(this.matrix(), this.dtype), this.shape);
  }

  /** The single element of a tensor of size 1, as {@link read} gives it. */
  async readItem(): Promise<number> {
    this.#assertSingle();
    return this.backend.transfer === undefined ? this.item() : (await this.read()).data[0]!;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get disposed(): boolean {
    return this.#shared === null;
  }

  /** Extent of an axis; negative axes count from the end. */
  extent(axis: number): number {
    const value = this.shape.at(axis);
    if (value === undefined) {
      throw new ShapeError("Tensor.extent", `a tensor with an axis ${axis}`, this.shape);
    }
    return value;
  }

  /** Whether the elements lie next to each other in row-major order. */
  get contiguous(): boolean {
    let step = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) {
        return false;
      }
      step *= this.shape[axis]!;
    }
    return true;
  }

  /** The live elements of a contiguous tensor; valid until the backend allocates again. */
  get data(): DTypeArrays[D] {
    this.#assertContiguous("Tensor.data");
    return this.#block().subarray(this.offset, this.offset + this.size) as DTypeArrays[D];
  }

  /** An `ndarray` over the memory that the kernels see (no copy); valid until the backend allocates again. */
  get array(): NdArray<DTypeArrays[D]> {
    return ndarrayOf(this.#block() as DTypeArrays[D], this.shape, this.strides, this.offset);
  }

  /** A copy outside the backend's memory, row-major, freed by the garbage collector like any JavaScript value. */
  toArray(): NdArray<DTypeArrays[D]> {
    const values = this.dtype === "int32" ? new Int32Array(this.size) : new Float32Array(this.size);
    const { rows, columns, stride, offset } = this.matrix();
    const block = this.#block();
    for (let row = 0; row < rows; row++) {
      const start = offset + row * stride;
      values.set(block.subarray(start, start + columns), row * columns);
    }
    return ndarrayOf(values as DTypeArrays[D], this.shape);
  }

  /** The single element of a tensor of size 1. */
  item(): number {
    this.#assertSingle();
    return this.#block()[this.offset]!;
  }

  /** Another shape over the same elements (no copy). One extent may be -1. Needs a contiguous tensor. */
  reshape(shape: readonly number[]): Tensor<D> {
    const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
    const resolved = shape.map((extent) => (extent === -1 ? this.size / known : extent));
    if (sizeOf(resolved) !== this.size || resolved.some((extent) => !Number.isInteger(extent))) {
      throw new ShapeError(
        "Tensor.reshape",
        `a tensor that has the ${known} elements of [${shape.join(", ")}]`,
        this.shape,
      );
    }
    if (!this.contiguous) {
      throw new TensorError("Tensor.reshape", "this view is not contiguous; copy it first");
    }
    return new Tensor(this.backend, this.dtype, resolved, contiguousStrides(resolved), this.offset, this.#held());
  }

  /** Elements `start` to `end` (exclusive) of an axis, as a view. */
  slice(axis: number, start: number, end: number): Tensor<D> {
    const at = axis < 0 ? axis + this.shape.length : axis;
    const extent = this.extent(axis);
    if (!(start >= 0 && start <= end && end <= extent)) {
      throw new ShapeError("Tensor.slice", `axis ${axis} to reach from ${start} to ${end}`, this.shape);
    }
    const shape = this.shape.with(at, end - start);
    return new Tensor(
      this.backend,
      this.dtype,
      shape,
      this.strides,
      this.offset + start * this.strides[at]!,
      this.#held(),
    );
  }

  /** How kernels see this tensor: the last axis as columns, all others as rows. */
  matrix(): Matrix {
    const shared = this.#held();
    const columns = this.shape.at(-1) ?? 1;
    const rows = columns === 0 ? 0 : this.size / columns;
    const stride = this.shape.length < 2 ? columns : this.#rowStride();
    return { storage: shared.storage, offset: this.offset, rows, columns, stride };
  }

  /** Rows of equal distance need all axes before the last to be laid out as one. */
  #rowStride(): number {
    const last = this.shape.length - 2;
    let step = this.strides[last]!;
    const stride = step;
    for (let axis = last; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) {
        throw new TensorError("Tensor.matrix", "rows of this view are not evenly spaced; copy it first");
      }
      step *= this.shape[axis]!;
    }
    return stride;
  }

  /** @internal The block that this tensor views, the same for all views of it. */
  get block(): object {
    return this.#held();
  }

  /** @internal Elements of the tensor that the block was made for. */
  get blockElements(): number {
    return this.#held().elements;
  }

  /** @internal The same view of another block, or, by default, another handle of this one. */
  viewIn(base: Tensor = this): Tensor<D> {
    return new Tensor(this.backend, this.dtype, this.shape, this.strides, this.offset, base.#held());
  }

  /** Frees this handle; the block goes back when no other view holds it. Harmless when called again. */
  dispose(): void {
    const shared = this.#shared;
    if (shared === null) {
      return;
    }
    this.#shared = null;
    unregister(this);
    shared.holders--;
    if (shared.holders === 0) {
      this.backend.release(shared.storage);
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #assertContiguous(operation: string): void {
    if (!this.contiguous) {
      throw new TensorError(operation, "this view is not contiguous; use array or toArray()");
    }
  }

  #assertSingle(): void {
    if (this.size !== 1) {
      throw new ShapeError("Tensor.item", "a single element", this.shape);
    }
  }

  #held(): SharedStorage {
    if (this.#shared === null) {
      throw new DisposedError("Tensor");
    }
    return this.#shared;
  }

  #block(): DataArray {
    const { storage } = this.#held();
    const { transfer, name } = this.backend;
    if (transfer !== undefined) {
      throw new BackendError("Tensor", `the processor does not see the memory of "${name}"; await read() instead`);
    }
    return this.dtype === "int32" ? storage.int32() : storage.float32();
  }
}

/** Narrows a tensor to a dtype or throws DTypeError. */
export function expectDType<D extends DType>(operation: string, tensor: Tensor, dtype: D): Tensor<D> {
  if (tensor.dtype !== dtype) {
    throw new DTypeError(operation, dtype, tensor.dtype);
  }
  return tensor as Tensor<D>;
}
