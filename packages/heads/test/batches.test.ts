import { type ConvBertConfigInit, InputError, sequenceBatch, withoutPadding } from "@convbert/model";
import { ParameterBuffers } from "@convbert/nn";
import { Tape } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
  type ConvBertWithHead,
} from "../src/index.js";

const CONFIG: ConvBertConfigInit = {
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 24,
  max_position_embeddings: 24,
  initializer_range: 0.4,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  num_labels: 3,
};

const LENGTHS = [5, 2, 9, 4];
const IDS = LENGTHS.map((length, row) => Array.from({ length }, (_, i) => 1 + ((row * 7 + i * 5) % 30)));
const TYPES = IDS.map((ids) => ids.map((_, i) => (i > ids.length / 2 ? 1 : 0)));
const BATCH = sequenceBatch(IDS, TYPES);
const TOKENS = IDS.flat().length;
const PER_TOKEN = Int32Array.from({ length: TOKENS }, (_, i) => (i % 4 === 3 ? -100 : i % 3));
const OFFSETS = Array.from(BATCH.offsets);
const tokenLabels = (row: number) => [...PER_TOKEN.subarray(OFFSETS[row], OFFSETS[row + 1])];

/** A padded batch, with what stands at padding. */
function padded(rows: readonly (readonly number[])[], filler: number, side: "left" | "right" = "right"): number[][] {
  const longest = Math.max(...rows.map(({ length }) => length));
  return rows.map((row) => {
    const padding = new Array<number>(longest - row.length).fill(filler);
    return side === "left" ? [...padding, ...row] : [...row, ...padding];
  });
}

function paddedBatch(side: "left" | "right" = "right") {
  return {
    input_ids: padded(IDS, 0, side),
    token_type_ids: padded(TYPES, 0, side),
    attention_mask: padded(
      IDS.map((ids) => ids.map(() => 1)),
      0,
      side,
    ),
  };
}

type AnyHead = ConvBertWithHead<never, never>;

/** Loss and all gradients. */
async function trained(model: AnyHead, inputs: object, options: { unpadded?: boolean } = {}) {
  using buffers = new ParameterBuffers(model.backend, model.parameters());
  using tape = new Tape(model.backend, buffers.store);
  using loss = await model.trainingLoss(inputs as never, { tape, ...options });
  tape.backward(loss);
  const gradients = [...model.parameters()]
    .filter(({ tiedTo }) => tiedTo === undefined)
    .map(({ name }) => [name, [...buffers.slot(name).read()]]);
  return { loss: loss.item(), gradients: Object.fromEntries(gradients) as Record<string, number[]> };
}

const heads = [
  {
    name: "sequence classification",
    make: () => ConvBertForSequenceClassification.fromConfig(CONFIG, { seed: 2 }),
    own: { labels: [1, 0, 2, 1] },
    alone: (row: number) => ({ labels: [[1, 0, 2, 1][row]!] }),
    inPadded: (_: "left" | "right") => ({ labels: [1, 0, 2, 1] }),
  },
  {
    name: "several labels at once",
    make: () =>
      ConvBertForSequenceClassification.fromConfig(
        { ...CONFIG, problem_type: "multi_label_classification" },
        { seed: 2 },
      ),
    own: { labels: IDS.map((_, row) => [0, 1, row % 2]) },
    alone: (row: number) => ({ labels: [[0, 1, row % 2]] }),
    inPadded: (_: "left" | "right") => ({ labels: IDS.map((_ids, row) => [0, 1, row % 2]) }),
  },
  {
    name: "token classification",
    make: () => ConvBertForTokenClassification.fromConfig(CONFIG, { seed: 2 }),
    own: { labels: PER_TOKEN },
    alone: (row: number) => ({ labels: [tokenLabels(row)] }),
    inPadded: (side: "left" | "right") => ({ labels: padded([0, 1, 2, 3].map(tokenLabels), 1, side) }),
  },
  {
    name: "masked words",
    make: () => ConvBertForMaskedLM.fromConfig(CONFIG, { seed: 2 }),
    own: { labels: PER_TOKEN },
    alone: (row: number) => ({ labels: [tokenLabels(row)] }),
    inPadded: (side: "left" | "right") => ({ labels: padded([0, 1, 2, 3].map(tokenLabels), 1, side) }),
  },
  {
    name: "question answering",
    make: () => ConvBertForQuestionAnswering.fromConfig({ ...CONFIG, num_labels: 2 }, { seed: 2 }),
    own: { start_positions: [1, 0, 8, 2], end_positions: Int32Array.of(4, 1, 8, 3) },
    alone: (row: number) => ({ start_positions: [[1, 0, 8, 2][row]!], end_positions: [[4, 1, 8, 3][row]!] }),
    inPadded(side: "left" | "right") {
      const shift = (row: number) => (side === "left" ? 9 - LENGTHS[row]! : 0);
      return {
        start_positions: [1, 0, 8, 2].map((at, row) => at + shift(row)),
        end_positions: [4, 1, 8, 3].map((at, row) => at + shift(row)),
      };
    },
  },
];

describe.each(heads)("a batch without padding: $name", ({ make, own, alone, inPadded }) => {
  const one = (row: number) => ({ input_ids: [IDS[row]!], token_type_ids: [TYPES[row]!], ...alone(row) });

  it("gives each sequence the logits and the loss of running it alone, bit for bit", async () => {
    using model = (await make()) as ConvBertForTokenClassification;
    const results = await model.forwardRagged({ ...BATCH, ...own } as never);
    expect(results).toHaveLength(4);
    for (const [row, result] of results.entries()) {
      const expected = (await model.forward(one(row) as never)) as unknown as Record<string, unknown>;
      expect(Object.keys(result)).toEqual(Object.keys(expected));
      for (const [field, value] of Object.entries(result)) {
        if (typeof value === "number") expect([field, value]).toEqual([field, expected[field]]);
        else expect([...value.data]).toEqual([...(expected[field] as { data: Float32Array }).data]);
      }
    }
    expect(await model.forwardRagged({ sequences: IDS, token_type_ids: TYPES, ...own } as never)).toEqual(results);
    const { loss: _, ...logits } = results[2]!;
    expect((await model.forwardRagged(BATCH))[2]).toEqual(logits);
  });

  it.each(["right", "left"] as const)("trains as a batch padded on the %s whose padding is left out", async (side) => {
    using model = (await make()) as unknown as AnyHead;
    const expected = await trained(model, { ...BATCH, ...own });
    expect(await trained(model, { ...paddedBatch(side), ...inPadded(side) }, { unpadded: true })).toEqual(expected);
    // Each sequence alone counts by its labels, or as one.
    const weights = IDS.map((_, row) => {
      const { labels } = alone(row) as { labels?: readonly (readonly number[])[] };
      const isPerToken = own.labels instanceof Int32Array;
      return isPerToken ? labels![0]!.filter((label) => label !== -100).length : 1;
    });
    const total = weights.reduce((sum, weight) => sum + weight);
    let loss = 0;
    const sums: Record<string, number[]> = {};
    for (const [row, weight] of weights.entries()) {
      const single = await trained(model, one(row));
      loss += (single.loss * weight) / total;
      for (const [name, values] of Object.entries(single.gradients)) {
        sums[name] = values.map((value, i) => (sums[name]?.[i] ?? 0) + (value * weight) / total);
      }
    }
    expect(expected.loss).toBeCloseTo(loss, 5);
    for (const [name, values] of Object.entries(expected.gradients)) {
      const largest = Math.max(1e-3, ...values.map(Math.abs));
      const gap = Math.max(...values.map((value, i) => Math.abs(value - sums[name]![i]!)));
      expect(gap / largest, name).toBeLessThan(1e-4);
    }
  });

  it("refuses labels that do not fit", async () => {
    using model = (await make()) as ConvBertForTokenClassification;
    const names = Object.keys(own) as (keyof typeof own)[];
    for (const name of names) {
      const wrong = { ...BATCH, ...own, [name]: Array.from(own[name] as ArrayLike<number>).slice(1) };
      await expect(model.forwardRagged(wrong as never)).rejects.toThrow(InputError);
      await expect(trained(model as unknown as AnyHead, wrong)).rejects.toThrow(InputError);
    }
    await expect(trained(model as unknown as AnyHead, BATCH)).rejects.toThrow("training needs labels");
    await expect(model.forwardRagged({ ...BATCH, label: [1] } as never)).rejects.toThrow("label");
    await expect(model.forwardRagged({ ...BATCH, offsets: [0, 5, 4, 20] })).rejects.toThrow("offsets");
    await expect(model.forwardRagged({ ...BATCH, offsets: [0, 5] })).rejects.toThrow("one for each of the 5 tokens");
  });
});

describe("choices without padding", () => {
  const make = () => ConvBertForMultipleChoice.fromConfig({ ...CONFIG, num_labels: 1 }, { seed: 2 });

  it("belong to prompts of any number of choices", async () => {
    using model = await make();
    const each = await model.forwardRagged(BATCH);
    const scores = each.map(({ logits }) => logits.data[0]!);
    expect(each.map(({ logits }) => logits.shape)).toEqual([[1], [1], [1], [1]]);
    const prompts = await model.forwardRagged({ ...BATCH, choices: [3, 1], labels: [2, 0] });
    expect(prompts.map(({ logits }) => [...logits.data])).toEqual([scores.slice(0, 3), scores.slice(3)]);
    const sum = scores.slice(0, 3).reduce((all, score) => all + Math.exp(score - scores[2]!), 0);
    expect(prompts[0]!.loss).toBeCloseTo(Math.log(sum), 5);
    expect(prompts[1]!.loss).toBe(0);
    const { loss } = await trained(model as unknown as AnyHead, { ...BATCH, choices: [3, 1], labels: [2, 0] });
    expect(loss).toBeCloseTo(Math.log(sum) / 2, 5);
  });

  it("train as the padded ones whose padding is left out", async () => {
    using model = await make();
    const inputs = paddedBatch();
    const pairs = (rows: number[][]) => [rows.slice(0, 2), rows.slice(2)];
    const padded = Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, pairs(rows)]));
    const head = model as unknown as AnyHead;
    const expected = await trained(head, { ...BATCH, choices: [2, 2], labels: [1, 0] });
    expect(await trained(head, { ...padded, labels: [1, 0] }, { unpadded: true })).toEqual(expected);
  });

  it("have labels only where it is known to which prompt they belong", async () => {
    using model = await make();
    await expect(model.forwardRagged({ ...BATCH, labels: [0] })).rejects.toThrow("how many choices each prompt has");
    await expect(model.forwardRagged({ ...BATCH, choices: [3, 2] })).rejects.toThrow("the batch has 4 sequences");
    await expect(model.forwardRagged({ ...BATCH, choices: [4, 0] })).rejects.toThrow("got 0");
  });
});

describe("leaving out padding", () => {
  it("keeps what the mask tells, and a decoder's order", async () => {
    expect(withoutPadding(paddedBatch("left")).batch).toMatchObject({
      offsets: OFFSETS,
      input_ids: Int32Array.from(IDS.flat()),
    });
    using model = await ConvBertForTokenClassification.fromConfig({ ...CONFIG, is_decoder: true }, { seed: 2 });
    const results = await model.forwardRagged(withoutPadding(paddedBatch()).batch);
    for (const [row, { logits }] of results.entries()) {
      const alone = await model.forward({ input_ids: [IDS[row]!], token_type_ids: [TYPES[row]!] });
      expect([...logits.data]).toEqual([...alone.logits.data]);
    }
  });

  it("refuses masks that do not tell", () => {
    const { input_ids } = paddedBatch();
    const mask = (attention_mask: unknown) => () => withoutPadding({ input_ids, attention_mask } as never);
    expect(mask(input_ids.map((row) => row.map(() => 0.5)))).toThrow("0 or 1 everywhere");
    expect(mask(input_ids.map((row) => row.map(() => 0)))).toThrow("sequence 0 is nothing but padding");
    expect(mask([input_ids.map((row) => row.map(() => 1))])).toThrow("tells what is padding");
    expect(mask([[1, 1]])).toThrow("tells what is padding");
  });
});
