import { type NamedTensor, namedTensor, readSafetensors, writeSafetensors } from "@convbert/converter";
import { describe, expect, test } from "vitest";
import { type NameTable, renamedReader, renamedTensors } from "../src/formats/names.js";
import { collect } from "./support.js";

/** Kernels are transposed weights, and the biases of a format without one-element axes. */
const table: NameTable = {
  canonical({ name, shape }) {
    if (name.endsWith("/kernel")) {
      return {
        name: name.replace("/kernel", ".weight"),
        shape: [...shape].reverse(),
        axes: shape.map((_, i) => shape.length - 1 - i),
      };
    }
    if (name.endsWith("/bias")) return { name: name.replace("/bias", ".bias"), shape: [...shape, 1] };
    return null;
  },
  stored({ name, shape }) {
    if (name.endsWith(".weight")) {
      const place = { shape: [...shape].reverse(), axes: shape.map((_, i) => shape.length - 1 - i) };
      const first = { name: name.replace(".weight", "/kernel"), ...place };
      return name.startsWith("twice") ? [first, { ...first, name: `again/${first.name}` }] : [first];
    }
    if (name.endsWith(".bias")) return [{ name: name.replace(".bias", "/bias"), shape: shape.slice(0, -1) }];
    return name === "implied" ? [] : null;
  },
};

const canonical: NamedTensor[] = [
  namedTensor(
    "a.weight",
    Float32Array.from({ length: 24 }, (_, i) => i),
    [2, 3, 4],
  ),
  namedTensor("a.bias", Float32Array.of(1, 2), [2, 1]),
  namedTensor("twice.weight", Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
  namedTensor("implied", Float32Array.of(0), [1]),
];

async function stored() {
  return readSafetensors(await collect(writeSafetensors(renamedTensors(canonical, table, "the format"))));
}

describe("a table of names", () => {
  test("renames, transposes and repeats what is written", async () => {
    const reader = await stored();
    expect([...reader.tensors.keys()].sort()).toEqual(["a/bias", "a/kernel", "again/twice/kernel", "twice/kernel"]);
    expect(reader.tensors.get("a/kernel")!.shape).toEqual([4, 3, 2]);
    expect(reader.tensors.get("a/bias")!.shape).toEqual([2]);
    expect(await reader.read("twice/kernel")).toEqual(Float64Array.of(1, 4, 2, 5, 3, 6));
    // kernel[k][j][i] is weight[i][j][k].
    const kernel = await reader.read("a/kernel");
    expect(Array.from(kernel as Float32Array).slice(0, 6)).toEqual([0, 12, 4, 16, 8, 20]);
  });

  test("brings what is read back: names, shapes, values by every way", async () => {
    const reader = renamedReader(await stored(), table, "the format");
    expect(reader.format).toBe("the format");
    for (const { name, shape, data } of canonical.filter((tensor) => tensor.name !== "implied")) {
      expect(reader.tensors.get(name)!.shape).toEqual(shape);
      expect(await reader.read(name)).toEqual(data());
      const streamed: number[] = [];
      await reader.stream(name, (offset, values) => {
        expect(offset).toBe(streamed.length);
        streamed.push(...values);
      });
      expect(streamed).toEqual(Array.from(data() as Float32Array));
    }
    // What the table does not know keeps its name.
    expect([...reader.tensors.keys()].sort()).toEqual(["a.bias", "a.weight", "again/twice.weight", "twice.weight"]);
  });

  test("says by name what the format has no place for", () => {
    const other = [namedTensor("head.projection", Float32Array.of(1), [1])];
    expect(() => renamedTensors(other, table, "the format")).toThrow("the format has no place for head.projection");
  });
});
