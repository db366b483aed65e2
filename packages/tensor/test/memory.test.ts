import { expect, it } from "vitest";
import { seeded } from "../../../tooling/config/seeded.ts";
import { createBackend, Tensor } from "../src/index.js";
import { instantiateKernels } from "../src/kernels/wasm/instance.js";
import { LinearMemory } from "../src/kernels/wasm/memory.js";
import { compileKernels } from "../src/kernels/wasm/modules.js";

const MEGABYTE = 1 << 20;

it("needs no more for calls of all sizes than for the largest of them", async () => {
  const backend = await createBackend();
  const kept = Tensor.allocate(backend, [1000]);
  const call = (size: number) => {
    const a = Tensor.allocate(backend, [size]);
    const b = Tensor.allocate(backend, [3 * size]);
    a.dispose();
    const c = Tensor.allocate(backend, [2 * size]);
    b.dispose();
    c.dispose();
  };
  call(MEGABYTE);
  const { reservedBytes, liveBytes } = backend.memory();
  expect(reservedBytes).toBeLessThan(32 * MEGABYTE);
  for (let size = 1; size < MEGABYTE; size = Math.ceil(size * 1.03) + 7) call(size);
  expect(backend.memory()).toMatchObject({ reservedBytes, liveBytes, liveBlocks: 1 });
  kept.dispose();
  backend.dispose();
});

it("never hands out an address twice, and joins free neighbours again", () => {
  const memory = new LinearMemory(false);
  const held = new Map<number, { block: ReturnType<typeof memory.allocate>; mark: number }>();
  const random = seeded(1);
  for (let step = 0; step < 4000; step++) {
    const slot = random(40);
    const old = held.get(slot);
    if (old) {
      const bytes = old.block.bytes();
      expect([bytes[0], bytes.at(-1)]).toEqual([old.mark, old.mark]);
      memory.release(old.block);
      held.delete(slot);
    } else {
      const block = memory.allocate(random(20_000));
      expect(block.address % 64).toBe(0);
      const mark = random(256);
      block.bytes().fill(mark);
      held.set(slot, { block, mark });
    }
  }
  const { reservedBytes } = memory.report();
  expect(reservedBytes).toBe(4 * MEGABYTE);
  for (const { block } of held.values()) {
    memory.release(block);
    memory.release(block);
  }
  expect(memory.report()).toMatchObject({ liveBytes: 0, liveBlocks: 0 });
  // One range again: a block of everything that was ever used fits without new memory.
  const { pooledBytes } = memory.report();
  memory.allocate(pooledBytes);
  expect(memory.report()).toMatchObject({ pooledBytes: 0, reservedBytes });
});

it("hands out nothing of what the kernels keep tables in", async () => {
  const memory = new LinearMemory(false);
  await instantiateKernels((await compileKernels(false, false))!, memory.memory);
  const first = memory.allocate(1).address;
  const bytes = new Uint8Array(memory.buffer);
  const lastOfTables = bytes.findLastIndex((byte) => byte !== 0);
  expect(lastOfTables).toBeGreaterThan(0);
  expect(lastOfTables).toBeLessThan(first);
});
