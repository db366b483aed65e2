import type { ConvBertConfigInit, ConvBertModel } from "@convbert/model";
import { type MemoryReport, sharedBackend } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import { MODEL_CLASSES, type ModelName } from "../src/index.js";

const CONFIG: ConvBertConfigInit = {
  vocab_size: 131,
  hidden_size: 128,
  embedding_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 192,
  max_position_embeddings: 64,
  pad_token_id: 0,
};
const CALLS = 60;

const rows = (count: number, length: number, seed: number) =>
  Array.from({ length: count }, (_, row) => Array.from({ length }, (_, i) => (seed * 17 + row * 37 + i * 11) % 131));

/** Labels of every head's own kind for a batch of `count`. */
function labels(name: ModelName, count: number, length: number): object {
  switch (name) {
    case "ConvBertModel":
      return {};
    case "ConvBertForQuestionAnswering":
      return { start_positions: Array(count).fill(0), end_positions: Array(count).fill(length - 1) };
    case "ConvBertForMaskedLM":
    case "ConvBertForTokenClassification":
      return { labels: rows(count, length, 0).map((row) => row.map((id) => id % 2)) };
    default:
      return { labels: Array(count).fill(0) };
  }
}

describe.each(["wasm", "reference"] as const)("on the %s backend", (backend) => {
  const memory = async (): Promise<MemoryReport> => (await sharedBackend({ backend })).memory();

  it.each(
    (Object.keys(MODEL_CLASSES) as ModelName[]).flatMap((name) => [
      { name, dtype: "float32" as const },
      { name, dtype: "int8" as const },
    ]),
  )("$name in $dtype takes no more memory call after call, and gives all of it back", async ({ name, dtype }) => {
    const before = await memory();
    const Model = MODEL_CLASSES[name] as typeof ConvBertModel;
    {
      using model = await Model.fromConfig({ ...CONFIG }, { backend, dtype, seed: 1 });
      const call = async (seed: number) => {
        const length = 1 + ((seed * 7) % 33);
        const batch = 1 + (seed % 3);
        const ids = rows(batch, length, seed);
        const input_ids = name === "ConvBertForMultipleChoice" ? ids.map((row) => [row, row]) : ids;
        const options = { output_attentions: seed % 2 === 0, output_hidden_states: seed % 3 === 0 };
        await model.forward({ input_ids, ...labels(name, batch, length), ...options } as never);
        await model.forwardRagged({ sequences: ids.map((row, i) => row.slice(0, Math.max(1, row.length - i))) });
      };
      const fail = async () => {
        const controller = new AbortController();
        const input_ids = name === "ConvBertForMultipleChoice" ? [rows(1, 9, 1)] : rows(1, 9, 1);
        const stopped = model.forward({ input_ids } as never, { signal: controller.signal });
        controller.abort(new Error("stop"));
        await expect(stopped).rejects.toThrow("stop");
        await expect(model.forward({ input_ids, labels: [[[7]]] } as never)).rejects.toThrow();
        await expect(model.forwardRagged({ sequences: [[999]] })).rejects.toThrow();
      };
      // The largest of all, so that what follows finds room for everything.
      const length = 33;
      const largest = rows(3, length, 0);
      const input_ids = name === "ConvBertForMultipleChoice" ? largest.map((row) => [row, row]) : largest;
      const everything = { output_attentions: true, output_hidden_states: true };
      await model.forward({ input_ids, ...labels(name, 3, length), ...everything } as never);
      for (let seed = 0; seed < 3; seed++) await call(seed);
      await fail();
      const warm = await memory();
      for (let seed = 3; seed < (backend === "wasm" ? CALLS : 12); seed++) await call(seed);
      await fail();
      const after = await memory();
      expect([after.liveBytes, after.liveBlocks]).toEqual([warm.liveBytes, warm.liveBlocks]);
      // The reference's blocks are JavaScript's; only the kernels' memory is planned.
      if (backend === "wasm") expect(after.reservedBytes).toBe(warm.reservedBytes);
    }
    const { liveBlocks, liveBytes } = await memory();
    expect([liveBlocks, liveBytes]).toEqual([before.liveBlocks, before.liveBytes]);
  });
});
