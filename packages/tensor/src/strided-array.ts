/** What an ndarray's arguments may be: an axis left out is one that stays as it is. */
type Indices = readonly (number | null | undefined)[];

/** A strided view with the interface of the package `ndarray` (1.1), for places where that package must not compile code. */
export class StridedArray<D extends Float32Array | Int32Array> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
  readonly dtype: "float32" | "int32";

  /** Row-major from `offset` on where no strides are given. */
  constructor(data: D, shape: readonly number[], strides?: readonly number[], offset = 0) {
    this.data = data;
    this.shape = [...shape];
    this.stride = strides ? [...strides] : rowMajor(shape);
    this.offset = offset;
    this.dtype = data instanceof Int32Array ? "int32" : "float32";
  }

  get dimension(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** Axes by the distance between their neighbours, nearest first. */
  get order(): number[] {
    const axes = this.stride.map((_, axis) => axis);
    return axes.sort((a, b) => Math.abs(this.stride[a]!) - Math.abs(this.stride[b]!) || a - b);
  }

  index(...indices: number[]): number {
    return this.stride.reduce((at, stride, axis) => at + stride * indices[axis]!, this.offset);
  }

  get(...indices: number[]): number {
    return this.data[this.index(...indices)]!;
  }

  /** The last argument is the value. */
  set(...indicesAndValue: number[]): number {
    const value = indicesAndValue[this.dimension]!;
    this.data[this.index(...indicesAndValue)] = value;
    return value;
  }

  /** From these indices on. */
  lo(...indices: Indices): StridedArray<D> {
    const starts = this.shape.map((_, axis) => cut(indices[axis], 0));
    const shape = this.shape.map((length, axis) => length - starts[axis]!);
    return new StridedArray(this.data, shape, this.stride, this.index(...starts));
  }

  /** Up to these indices. */
  hi(...indices: Indices): StridedArray<D> {
    const shape = this.shape.map((length, axis) => cut(indices[axis], length));
    return new StridedArray(this.data, shape, this.stride, this.offset);
  }

  /** Every so many elements; a negative step reverses its axis. */
  step(...steps: Indices): StridedArray<D> {
    let { offset } = this;
    const shape = [...this.shape];
    const strides = [...this.stride];
    for (const [axis, length] of this.shape.entries()) {
      const step = steps[axis];
      if (typeof step !== "number") continue;
      const whole = Math.trunc(step);
      if (whole < 0) offset += strides[axis]! * (length - 1);
      shape[axis] = Math.ceil(length / Math.abs(whole));
      strides[axis]! *= whole;
    }
    return new StridedArray(this.data, shape, strides, offset);
  }

  /** Axes in another order. */
  transpose(...axes: Indices): StridedArray<D> {
    const order = this.shape.map((_, axis) => axes[axis] ?? axis);
    const take = (values: readonly number[]): number[] => order.map((axis) => values[axis]!);
    return new StridedArray(this.data, take(this.shape), take(this.stride), this.offset);
  }

  /** Without the axes that an index is given of. */
  pick(...indices: Indices): StridedArray<D> {
    const isKept = (_: number, axis: number): boolean => !isIndex(indices[axis]);
    const starts = this.shape.map((_, axis) => cut(indices[axis], 0));
    return new StridedArray(this.data, this.shape.filter(isKept), this.stride.filter(isKept), this.index(...starts));
  }
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

function isIndex(value: number | null | undefined): value is number {
  return typeof value === "number" && value >= 0;
}

function cut(value: number | null | undefined, otherwise: number): number {
  return isIndex(value) ? Math.trunc(value) : otherwise;
}
