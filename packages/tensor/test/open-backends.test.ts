import { describe, expect, it } from "vitest";
import {
  type Backend,
  BackendError,
  binaryCrossEntropy,
  createBackend,
  crossEntropy,
  linear,
  mean,
  meanSquaredError,
  normalizeRows,
  registerBackend,
  rowDots,
  rowProducts,
  sequenceMax,
  sequenceMean,
  sharedBackend,
  softCrossEntropy,
  Tape,
  Tensor,
  tidy,
} from "../src/index.js";
import { BufferStore } from "../src/internal.js";
import { ReferenceBackend } from "../src/kernels/reference/backend.js";
import { DeviceBackend } from "./device-backend.js";
import { computed } from "./layer.js";

registerBackend("device", DeviceBackend.create);

describe("a backend that was registered", () => {
  it("is made and shared under its name, like those that are here", async () => {
    const backend = await createBackend({ backend: "device", threads: 1 });
    expect(backend.name).toBe("device");
    expect(await sharedBackend({ backend: "device" })).toBe(await sharedBackend({ backend: "device" }));
    expect(await sharedBackend({ backend: "device" })).not.toBe(await sharedBackend({ backend: "reference" }));
    await expect(createBackend({ backend: "device", threads: 0 })).rejects.toThrow("give a whole number from 1 to 256");
    await expect(createBackend({ backend: "devise" })).rejects.toThrow(
      new BackendError("createBackend", 'there is no backend "devise"; known are "wasm", "reference", "device"'),
    );
  });

  it("keeps its name: registering it again is harmless, another factory under it is refused", () => {
    registerBackend("device", DeviceBackend.create);
    expect(() => registerBackend("device", () => createBackend())).toThrow(BackendError);
    expect(() => registerBackend("wasm", DeviceBackend.create)).toThrow('there is a backend "wasm" already');
  });

  it("computes every kernel of a layer, its memory read by promises alone", async () => {
    const device = await createBackend({ backend: "device" });
    const reference = await createBackend({ backend: "reference" });
    const expected = tidy(() => computed(reference));
    const found = tidy(() => computed(device));
    for (const [name, tensor] of Object.entries(expected)) {
      expect((await found[name]!.read()).data, name).toEqual(tensor.toArray().data);
      expect((await tensor.read()).data, name).toEqual(tensor.toArray().data);
    }
    for (const tensor of Object.values(found)) tensor.dispose();
    expect(device.memory().liveBlocks).toBe(2 * 2);
  });

  it("computes losses and sentence vectors without a look at its memory", async () => {
    const device = await createBackend({ backend: "device" });
    const results = (backend: Backend): Record<string, Tensor> => {
      const values = (count: number, seed: number) =>
        Float32Array.from({ length: count }, (_, i) => Math.sin(i + seed));
      const [x, y] = [1, 2].map((seed) => Tensor.from(backend, values(20, seed), [5, 4])) as [Tensor, Tensor];
      const classes = Tensor.from(backend, [0, 3, -100, 2, 1], [5], "int32");
      const sequences = { offsets: [0, 2, 5] };
      const likely = Tensor.from(backend, values(20, 3).map(Math.abs), [5, 4]);
      return {
        crossEntropy: crossEntropy(x, classes),
        weighted: crossEntropy(x, classes, { classWeights: [1, 2, 3, 4], labelSmoothing: 0.1 }),
        softCrossEntropy: softCrossEntropy(x, likely, { labelSmoothing: 0.2 }),
        binaryCrossEntropy: binaryCrossEntropy(x, likely),
        meanSquaredError: meanSquaredError(x, y),
        mean: mean(x),
        normalizeRows: normalizeRows(x),
        rowDots: rowDots(x, y),
        rowProducts: rowProducts(x, y),
        sequenceMean: sequenceMean(x, sequences),
        sequenceMax: sequenceMax(x, sequences),
      };
    };
    const expected = tidy(() => results(new ReferenceBackend()));
    for (const [name, tensor] of Object.entries(tidy(() => results(device)))) {
      const { data } = await tensor.read();
      expect(data, name).toEqual(expected[name]!.toArray().data);
      expect(data.every(Number.isFinite), name).toBe(true);
    }
  });

  it("gives what was there when a read began, views too, whatever is freed or written meanwhile", async () => {
    const backend = await createBackend({ backend: "device" });
    const tensor = Tensor.from(backend, [1, 2, 3, 4, 5, 6], [2, 3]);
    const view = tensor.slice(1, 1, 3);
    const reading = view.read();
    tensor.write([9], 1);
    const again = view.read();
    const single = tensor.reshape([6]).slice(0, 5, 6).readItem();
    view.dispose();
    tensor.dispose();
    expect([...(await reading).data]).toEqual([2, 3, 5, 6]);
    expect([...(await again).data]).toEqual([9, 3, 5, 6]);
    expect((await again).shape).toEqual([2, 2]);
    expect(await single).toBe(6);
  });

  it("says so where numbers are wanted at once", async () => {
    const backend = await createBackend({ backend: "device" });
    const tensor = Tensor.from(backend, [1]);
    for (const read of [() => tensor.data, () => tensor.array, () => tensor.toArray(), () => tensor.item()]) {
      expect(read).toThrow('the processor does not see the memory of "device"; await read() instead');
    }
    expect(() => tensor.write([1, 2])).toThrow("room for 2 elements");
  });

  it("without gradients refuses to train before anything is computed", async () => {
    const backend = await createBackend({ backend: "device" });
    const weights = backend.createPacked(2, 2);
    const message = 'the backend "device" runs models and has no gradients; train with "wasm"';
    expect(() => new BufferStore(backend, [weights])).toThrow(message);
    expect(() => new Tape(backend, undefined as never)).toThrow(message);
    backend.packRows(weights, 0, Float32Array.of(1, 2, 3, 4));
    const result = linear(Tensor.from(backend, [1, 1], [1, 2]), weights);
    expect([...(await result.read()).data]).toEqual([3, 7]);
  });
});
