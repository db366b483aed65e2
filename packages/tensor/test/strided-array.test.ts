import ndarray, { type NdArray } from "ndarray";
import { afterEach, describe, expect, test, vi } from "vitest";
import { StridedArray } from "../src/strided-array.js";

type View = NdArray<Float32Array>;

/** What can be seen of a view: its form, and every element. */
function seen(view: View): unknown {
  const { shape, stride, offset, dtype, size, dimension } = view;
  const elements: number[] = [];
  const visit = (indices: number[]): void => {
    if (indices.length === dimension) elements.push(view.get(...indices));
    else for (let i = 0; i < shape[indices.length]!; i++) visit([...indices, i]);
  };
  visit([]);
  return { shape, stride, offset, dtype, size, dimension, elements };
}

const data = Float32Array.from({ length: 60 }, (_, i) => i / 2);

describe("StridedArray is what ndarray is", () => {
  const pairs: [string, (make: (shape: number[], strides?: number[], offset?: number) => View) => View][] = [
    ["one axis", (make) => make([60])],
    ["three axes", (make) => make([3, 4, 5])],
    ["strides and an offset", (make) => make([3, 4], [20, 1], 7)],
    ["no axis", (make) => make([], [], 3)],
    ["nothing", (make) => make([3, 0])],
    ["lo", (make) => make([3, 4, 5]).lo(1, 0, 2)],
    ["lo of some axes", (make) => make([3, 4, 5]).lo(1)],
    ["hi", (make) => make([3, 4, 5]).hi(2, 3, 4)],
    ["hi and lo", (make) => make([6, 10]).hi(4, 7).lo(1, 2)],
    ["step", (make) => make([6, 10]).step(2, 3)],
    ["step backwards", (make) => make([6, 10]).step(-1, -4)],
    ["transpose", (make) => make([3, 4, 5]).transpose(2, 0, 1)],
    ["pick", (make) => make([3, 4, 5]).pick(1, null, 2)],
    ["pick everything", (make) => make([3, 4, 5]).pick(2, 3, 4)],
    ["all of it", (make) => make([3, 4, 5]).transpose(1, 2, 0).lo(1).step(-2, 2).pick(null, 1)],
  ];
  test.each(pairs)("%s", (_, build) => {
    const want = build((shape, strides, offset) => ndarray(data, shape, strides, offset));
    const got = build((...form) => new StridedArray(data, ...form) as unknown as View);
    const { offset, ...form } = seen(got) as { offset: number };
    const { offset: wanted, ...wantedForm } = seen(want) as { offset: number };
    expect(form).toEqual(wantedForm);
    // A view of nothing starts nowhere in particular.
    if (want.size > 0) expect(offset).toBe(wanted);
  });

  test("order, index and set", () => {
    const own = Float32Array.from(data);
    const view = new StridedArray(own, [3, 4, 5]).transpose(2, 0, 1);
    expect(view.order).toEqual([0, 2, 1]);
    expect(view.index(4, 1, 2)).toBe(20 + 10 + 4);
    expect(view.set(4, 1, 2, 99)).toBe(99);
    expect(own[34]).toBe(99);
    expect(new StridedArray(new Int32Array(2), [2]).dtype).toBe("int32");
  });
});

describe("where code must not be compiled from text", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("arrays have the same interface", async () => {
    // What a content security policy without 'unsafe-eval' does.
    class Forbidden {
      constructor() {
        throw new EvalError("Evaluating a string as JavaScript violates the content security policy");
      }
    }
    vi.stubGlobal("Function", Forbidden);
    const { ndarrayOf } = await import("../src/ndarray.js");
    // Five axes: no other test has made ndarray compile that.
    const array = ndarrayOf(data, [1, 3, 1, 4, 5]);
    expect(array).toBeInstanceOf((await import("../src/strided-array.js")).StridedArray);
    expect(array.get(0, 2, 0, 3, 4)).toBe(data[59]);
    expect(ndarrayOf(data, [60]).get(7)).toBe(3.5);
  });
});
