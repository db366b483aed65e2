import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  activate,
  add,
  attention,
  type Backend,
  binaryCrossEntropy,
  concatenate,
  createBackend,
  crossEntropy,
  depthwiseConvolution,
  dropout,
  dynamicConvolution,
  embedding,
  groupedLinear,
  layerNorm,
  linear,
  mean,
  meanSquaredError,
  multiply,
  normalizeRows,
  type PackedWeights,
  rowDots,
  rowProducts,
  scale,
  sequenceMax,
  sequenceMean,
  softCrossEntropy,
  softmax,
  subtract,
  Tape,
  Tensor,
  tidy,
} from "../src/index.js";
import { BufferStore, elementsOf, isTensor, packedEmbedding, type Trainable } from "../src/internal.js";
import { OPERATIONS } from "../src/operations/index.js";
import { numbers, relativeDifference } from "./numbers.js";

/** A weight in packed form among a case's inputs. */
interface Packed {
  readonly packed: readonly [rows: number, columns: number];
}
type InputShape = readonly number[] | Packed;

interface Case {
  readonly inputs: readonly InputShape[];
  /** Gets tensors and packed weights in the order of `inputs`. */
  // biome-ignore lint/suspicious/noExplicitAny: each case knows what its inputs are.
  readonly run: (...inputs: any[]) => Tensor;
  /** A loss by itself: its result is differentiated as it is. */
  readonly isLoss?: boolean;
}

const sequences = { offsets: [0, 4, 4, 7] };
const ints = (backend: Backend, values: number[]) => Tensor.from(backend, values, [values.length], "int32");
const floats = (backend: Backend, count: number, seed: number) => Tensor.from(backend, numbers(count, seed));
const seed = [17, 4] as const;

const CASES: Readonly<Record<keyof typeof OPERATIONS, readonly Case[]>> = {
  activate: (["gelu", "gelu_tanh", "silu", "tanh", "mish", "relu"] as const).map((kind) => ({
    inputs: [[3, 5]],
    run: (x: Tensor) => activate(x, kind),
  })),
  add: [
    {
      inputs: [
        [3, 5],
        [3, 5],
      ],
      run: (a, b) => add(a, b),
    },
    { inputs: [[3, 5], [5]], run: (a, b) => add(a, b) },
  ],
  subtract: [
    {
      inputs: [
        [3, 5],
        [3, 5],
      ],
      run: (a, b) => subtract(a, b),
    },
    { inputs: [[3, 5], [5]], run: (a, b) => subtract(a, b) },
    { inputs: [[3, 5]], run: (a: Tensor) => subtract(a, scale(a, 3)) },
  ],
  multiply: [
    {
      inputs: [
        [3, 5],
        [3, 5],
      ],
      run: (a, b) => multiply(a, b),
    },
    { inputs: [[3, 5], [5]], run: (a, b) => multiply(a, b) },
    { inputs: [[3, 6]], run: (a: Tensor) => multiply(a.slice(-1, 0, 3), a.slice(-1, 3, 6)) },
    { inputs: [[3, 5]], run: (a: Tensor) => multiply(a, a) },
  ],
  attention: [
    {
      inputs: [[7, 18], [2]],
      run: (mixed: Tensor) => {
        const [q, k, v] = [0, 6, 12].map((start) => mixed.slice(-1, start, start + 6)) as [Tensor, Tensor, Tensor];
        return attention(q, k, v, sequences, { heads: 2, scale: 0.6 }).context;
      },
    },
    {
      inputs: [
        [6, 4],
        [6, 4],
        [6, 4],
      ],
      run: (q: Tensor, k: Tensor, v: Tensor) => {
        const mask = Tensor.from(q.backend, [0, 0, -1e9, 0, -0.5, 0], [2, 3]);
        const headMask = Tensor.from(q.backend, [0.5, 1]);
        const options = { heads: 2, scale: 0.7, mask, headMask, dropout: { rate: 0.3, seed } };
        return attention(q, k, v, { offsets: [0, 3, 6] }, options).context;
      },
    },
  ],
  concatenate: [
    {
      inputs: [
        [3, 2],
        [3, 4],
        [3, 1],
      ],
      run: (a, b, c) => concatenate([a, b, c, a]),
    },
  ],
  depthwiseConvolution: [
    {
      inputs: [
        [7, 5],
        [3, 5],
      ],
      run: (x, k) => depthwiseConvolution(x, k, sequences),
    },
  ],
  dynamicConvolution: [
    {
      inputs: [
        [7, 6],
        [7, 10],
      ],
      run: (x, k) => dynamicConvolution(x, k, 2, sequences),
    },
  ],
  dropout: [{ inputs: [[5, 7]], run: (x) => dropout(x, { rate: 0.4, seed }) }],
  embedding: [{ inputs: [[5, 3]], run: (t: Tensor) => embedding(t, ints(t.backend, [4, 0, 4, 2])) }],
  packedEmbedding: [
    {
      inputs: [{ packed: [13, 3] }, [1]],
      run: (w: PackedWeights, x: Tensor) => packedEmbedding(w, ints(x.backend, [12, 0, 12, 2, 7])),
    },
  ],
  groupedLinear: [
    {
      inputs: [[4, 6], { packed: [2, 3] }, { packed: [2, 3] }, [4]],
      run: (x: Tensor, a: PackedWeights, b: PackedWeights, bias: Tensor) => groupedLinear(x, [a, b], bias, "gelu"),
    },
  ],
  layerNorm: [
    { inputs: [[4, 6], [6], [6]], run: (x, w, b) => layerNorm(x, w, b, 1e-12) },
    { inputs: [[4, 6], [6], [6], [4, 6]], run: (x, w, b, r) => layerNorm(x, w, b, 1e-5, r) },
  ],
  linear: [
    { inputs: [[4, 6], { packed: [11, 6] }, [11]], run: (x, weights, bias) => linear(x, weights, { bias }) },
    {
      inputs: [[4, 12], { packed: [3, 5] }, [3]],
      run: (x: Tensor, weights, bias) => linear(x.slice(-1, 2, 7), weights, { bias, activation: "silu" }),
    },
  ],
  normalizeRows: [
    { inputs: [[3, 5]], run: (x) => normalizeRows(x) },
    { inputs: [[3, 8]], run: (x: Tensor) => normalizeRows(x.slice(-1, 2, 7)) },
  ],
  rowProducts: [
    {
      inputs: [
        [5, 7],
        [9, 7],
      ],
      run: (a, b) => rowProducts(a, b),
    },
    { inputs: [[4, 6]], run: (a: Tensor) => rowProducts(a, a) },
    { inputs: [[6, 5]], run: (a: Tensor) => rowProducts(a.slice(0, 0, 2), a.slice(0, 2, 6)) },
  ],
  rowDots: [
    {
      inputs: [
        [4, 6],
        [4, 6],
      ],
      run: (a, b) => rowDots(a, b),
    },
    { inputs: [[4, 6]], run: (a: Tensor) => rowDots(a.slice(0, 0, 2), a.slice(0, 2, 4)) },
    { inputs: [[3, 5]], run: (a: Tensor) => rowDots(a, a) },
  ],
  mean: [
    { isLoss: true, inputs: [[3, 5]], run: (x: Tensor) => mean(x) },
    { isLoss: true, inputs: [[3, 8]], run: (x: Tensor) => mean(x.slice(-1, 2, 7)) },
  ],
  sequenceMax: [{ inputs: [[7, 4]], run: (x) => sequenceMax(x, { offsets: [0, 4, 7] }) }],
  scale: [{ inputs: [[3, 4]], run: (x) => scale(x, -2.5) }],
  sequenceMean: [{ inputs: [[7, 4]], run: (x) => sequenceMean(x, { offsets: [0, 4, 7] }) }],
  softmax: [
    { inputs: [[3, 8]], run: (x) => softmax(x) },
    { inputs: [[3, 9]], run: (x) => softmax(x, 3) },
  ],
  crossEntropy: [
    { isLoss: true, inputs: [[4, 6]], run: (x: Tensor) => crossEntropy(x, ints(x.backend, [1, -100, 5, 1])) },
    {
      isLoss: true,
      inputs: [[4, 3]],
      run: (x: Tensor) =>
        crossEntropy(x, ints(x.backend, [1, 0, 9, 2]), {
          ignoreIndex: 9,
          classWeights: [0.5, 2, 1],
          labelSmoothing: 0.2,
        }),
    },
  ],
  softCrossEntropy: [
    {
      isLoss: true,
      inputs: [[2, 3]],
      run: (x: Tensor) =>
        softCrossEntropy(x, Tensor.from(x.backend, [0.2, 0.7, 0.1, 0, 1, 0], [2, 3]), {
          classWeights: [0.5, 2, 1],
          labelSmoothing: 0.2,
        }),
    },
  ],
  binaryCrossEntropy: [
    { isLoss: true, inputs: [[4, 3]], run: (x: Tensor) => binaryCrossEntropy(x, floats(x.backend, 12, 4)) },
  ],
  meanSquaredError: [
    { isLoss: true, inputs: [[4, 3]], run: (x: Tensor) => meanSquaredError(x, floats(x.backend, 12, 4)) },
  ],
};

it("has a case for every operation, and every operation's file is in the table", () => {
  const exported = new Set(Object.keys(OPERATIONS));
  expect(Object.keys(CASES).sort()).toEqual([...exported].sort());
  const helpers = ["element-loss", "index", "sequences"];
  for (const file of readdirSync(new URL("../src/operations", import.meta.url))) {
    const name = file.replace(/\.ts$/, "");
    const operation = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(helpers.includes(name) || operation === "binary" || exported.has(operation), file).toBe(true);
  }
});

describe.each(["reference", "wasm"] as const)("gradients on the %s backend", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createBackend({ backend: name });
  });
  afterAll(() => backend.dispose());

  function make(shape: InputShape, values: Float32Array): Trainable {
    if ("packed" in shape) {
      const weights = backend.createPacked(...shape.packed);
      backend.packRows(weights, 0, values);
      return weights;
    }
    return Tensor.from(backend, values, shape);
  }
  const sizeOf = (shape: InputShape) => ("packed" in shape ? shape.packed : shape).reduce((a, b) => a * b, 1);
  const read = (trainable: Trainable) =>
    isTensor(trainable) ? Float32Array.from(trainable.data) : backend.unpackRows(trainable, 0, trainable.rows);
  const release = (trainable: Trainable) =>
    isTensor(trainable) ? trainable.dispose() : backend.releasePacked(trainable);

  /** The loss of a case: of a tensor a fixed weighted sum, which the tape gets as a product with one row of weights. */
  function loss({ run, isLoss }: Case, inputs: readonly Trainable[]): Tensor {
    const output = run(...inputs);
    if (isLoss) {
      return output;
    }
    const targets = Tensor.from(backend, numbers(output.size, 99, 2), output.shape);
    return meanSquaredError(output, targets);
  }

  /** The same in double precision of what the operation gives. */
  function value(one: Case, inputs: readonly Trainable[]): number {
    return tidy(() => {
      const output = one.run(...inputs);
      if (one.isLoss) {
        return output.item();
      }
      const targets = numbers(output.size, 99, 2);
      return Float32Array.from(output.data).reduce((sum, y, i) => sum + (y - targets[i]!) ** 2, 0) / output.size;
    });
  }

  const all = Object.entries(CASES).flatMap(([operation, cases]) =>
    cases.map((one, index) => [`${operation} ${index}`, one] as const),
  );

  it.each(all)("%s agrees with finite differences", (_name, one) => {
    const before = backend.memory().liveBlocks;
    const values = one.inputs.map((shape, index) => numbers(sizeOf(shape), index + 1, 1.5));
    const inputs = one.inputs.map((shape, index) => make(shape, values[index]!));
    const store = new BufferStore(backend, inputs);
    const tape = new Tape(backend, store);
    tidy(() => {
      const result = tape.record(() => loss(one, inputs));
      tape.backward(result);
    });
    for (const [index, shape] of one.inputs.entries()) {
      const found = read(store.get(inputs[index]!)!);
      const expected = values[index]!.map((original, element) => {
        const at = (moved: number) => {
          const changed = Float32Array.from(values[index]!);
          changed[element] = moved;
          const others = inputs.map((input, other) => (other === index ? make(shape, changed) : input));
          const result = value(one, others);
          release(others[index]!);
          return [result, changed[element]!] as const;
        };
        const [up, high] = at(original + 4e-3);
        const [down, low] = at(original - 4e-3);
        return (up - down) / (high - low);
      });
      const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0.05);
      for (const [element, want] of expected.entries()) {
        expect(Math.abs(found[element]! - want), `input ${index}, element ${element}`).toBeLessThan(4e-3 * largest);
      }
    }
    inputs.forEach(release);
    store.dispose();
    expect(backend.memory().liveBlocks).toBe(before);
  });

  it("weighs classes and smooths labels as torch.nn.functional.cross_entropy", () => {
    const x = Tensor.from(backend, [0.5, -1, 2, 1, 0, -0.5, 0.25, 0.75, -2, 3, 1, 0], [4, 3]);
    const targets = ints(backend, [2, 0, -100, 1]);
    const recorded: [number[] | null, number, number, number[]][] = [
      [null, 0.1, 1.0251754522323608, [0.2701537609100342, -0.27304601669311523, 0.00289224274456501]],
      [[0.5, 2, 1], 0, 1.3751965761184692, [0.48216843605041504, -0.5061742067337036, 0.024005752056837082]],
      [[0.5, 2, 1], 0.2, 1.487097144126892, [0.4324639141559601, -0.43542155623435974, 0.002957653719931841]],
    ];
    for (const [classWeights, labelSmoothing, loss, last] of recorded) {
      const store = new BufferStore(backend, [x]);
      const tape = new Tape(backend, store);
      const result = tape.record(() => crossEntropy(x, targets, { classWeights, labelSmoothing }));
      expect(result.item()).toBeCloseTo(loss, 6);
      tape.backward(result);
      for (const [column, expected] of last.entries()) {
        expect(read(store.get(x)!)[9 + column]).toBeCloseTo(expected, 6);
      }
      result.dispose();
      store.dispose();
    }
    x.dispose();
    targets.dispose();
  });

  it("adds up over calls, scales, checkpoints, and skips what is frozen", () => {
    const before = backend.memory().liveBlocks;
    const [x, w, b] = [[5, 8], [8, 8], [8]].map((shape, index) => {
      return shape.length === 2 && index === 1
        ? make({ packed: [8, 8] }, numbers(64, 2))
        : make(shape, numbers(sizeOf(shape), index + 1));
    }) as [Tensor<"float32">, PackedWeights, Tensor<"float32">];
    const layer = (input: Tensor) => linear(input, w, { bias: b, activation: "gelu" });
    const target = Tensor.from(backend, numbers(40, 9), [5, 8]);
    const gradients = (trainables: Trainable[], checkpointed: boolean, times: number) => {
      const store = new BufferStore(backend, trainables);
      const tape = new Tape(backend, store);
      for (let time = 0; time < times; time++) {
        tidy(() => {
          const twice = (input: Tensor) =>
            checkpointed
              ? tape.checkpoint([input], ([only]) => layer(dropout(layer(only!), { rate: 0.2, seed })))
              : tape.record(() => layer(dropout(layer(input), { rate: 0.2, seed })));
          const result = tape.record(() => meanSquaredError(twice(twice(x)), target));
          tape.backward(result, 1 / times);
        });
      }
      const found = trainables.map((trainable) => [...read(store.get(trainable)!)]);
      store.dispose();
      return found;
    };
    const plain = gradients([x, w, b], false, 1);
    expect(gradients([x, w, b], true, 1)).toEqual(plain);
    expect(gradients([w], true, 1)).toEqual([plain[1]]);
    expect(gradients([b], false, 1)).toEqual([plain[2]]);
    for (const [index, found] of gradients([x, w, b], true, 2).entries()) {
      for (const [element, number] of found.entries()) {
        expect(number).toBeCloseTo(plain[index]![element]!, 5);
      }
    }
    [x, w, b].forEach(release);
    target.dispose();
    expect(backend.memory().liveBlocks).toBe(before);
  });

  it("counts a block that an operation uses twice twice, whatever its gradient's memory held", () => {
    const ones = Tensor.from(backend, new Float32Array(4).fill(1));
    const zeros = Tensor.from(backend, new Float32Array(4));
    const gradientOf = (work: (input: Tensor) => Tensor) => {
      const x = Tensor.from(backend, numbers(24, 1), [6, 4]);
      const store = new BufferStore(backend, [x]);
      const tape = new Tape(backend, store);
      tidy(() => {
        const target = Tensor.from(backend, numbers(24, 2), [6, 4]);
        const loss = tape.record(() => meanSquaredError(work(scale(x, 3)), target));
        // What is allocated next lies where these were.
        for (const used of Array.from({ length: 8 }, () =>
          Tensor.from(backend, new Float32Array(24).fill(Number.NaN)),
        )) {
          used.dispose();
        }
        tape.backward(loss);
      });
      const gradient = read(store.get(x)!);
      store.dispose();
      x.dispose();
      return gradient;
    };
    for (const [twice, once] of [
      [(h: Tensor) => add(h, h), (h: Tensor) => scale(h, 2)],
      [(h: Tensor) => subtract(h, h), (h: Tensor) => scale(h, 0)],
      [(h: Tensor) => layerNorm(h, ones, zeros, 0, h), (h: Tensor) => layerNorm(scale(h, 2), ones, zeros, 0)],
    ] as const) {
      expect(relativeDifference(gradientOf(twice), gradientOf(once), 0.01)).toBeLessThan(1e-5);
    }
    ones.dispose();
    zeros.dispose();
  });

  it("refuses int8 weights, losses of several numbers and losses without a parameter", () => {
    const weights = backend.createPacked(4, 4, "int8");
    expect(() => new BufferStore(backend, [weights])).toThrow("int8 weights cannot be trained");
    backend.releasePacked(weights);
    tidy(() => {
      const [x, other] = [Tensor.from(backend, [1, 2]), Tensor.from(backend, [1, 2])];
      const store = new BufferStore(backend, [x]);
      const tape = new Tape(backend, store);
      expect(() => tape.backward(tape.record(() => scale(x, 2)))).toThrow("a single number");
      expect(() => tape.backward(tape.record(() => meanSquaredError(other, x)))).toThrow("no trainable parameter");
      expect(() => tape.backward(meanSquaredError(x, other))).toThrow("no trainable parameter");
      tape.reset();
      expect(elementsOf(backend, store.get(x)!).length).toBe(1);
      store.dispose();
    });
  });
});
