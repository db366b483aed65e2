import { ConvBertForMultipleChoice, ConvBertForSequenceClassification } from "@convbert/heads";
import { ConvBertTokenizer, ConvBertTokenizerFast, encodeSequences } from "@convbert/tokenizer";
import { expect, test, vi } from "vitest";
import { createMultipleChoice, createTextClassification } from "../src/index.js";
import { folder } from "./support.js";

const TEXTS = ["x", "the queen of the north wrote a fine book about music", "a film", "anna lives in paris"];

test.each([ConvBertTokenizerFast, ConvBertTokenizer])("texts run together, their tokens in a row: %o", async (Kind) => {
  const tokenizer = await Kind.fromPretrained(folder("multi-label"));
  using model = await ConvBertForSequenceClassification.fromPretrained(folder("multi-label"));
  const encode = vi.spyOn(model.convbert, "encode");
  const classify = createTextClassification({ model, tokenizer }, { function_to_apply: "none" });
  const answers = await classify(TEXTS, { top_k: null });
  const { input_ids, offsets } = encodeSequences(tokenizer, TEXTS);
  expect(encode.mock.calls.map(([{ positions }]) => positions.length)).toEqual([input_ids.length]);
  // What the tokenizer gives without padding is what the model takes.
  const results = await model.forwardRagged(encodeSequences(tokenizer, TEXTS));
  expect(results).toHaveLength(offsets.length - 1);
  for (const [i, { logits }] of results.entries()) {
    const scores = answers[i]!.map(({ score }) => score);
    expect(scores).toEqual([...logits.data].sort((a, b) => b - a));
  }
});

test("choices that are padded run together where they have one length, with the scores of each alone", async () => {
  const tokenizer = await ConvBertTokenizerFast.fromPretrained(folder("choices"));
  using model = await ConvBertForMultipleChoice.fromPretrained(folder("choices"));
  const forward = vi.spyOn(model, "forward");
  const choose = createMultipleChoice({ model, tokenizer }, { padding: true });
  const inputs = [
    { prompt: "Anna works in", choices: ["Paris", "a red train station", "the north"] },
    { prompt: "the king", choices: ["lives", "wrote a book about music and film"] },
    { prompt: "Anna works in", choices: ["a red train station", "x"] },
  ];
  const together = await choose(inputs);
  expect(forward.mock.calls.length).toBe(2);
  for (const [i, { prompt, choices }] of inputs.entries()) {
    const padded = tokenizer(
      choices.map(() => prompt),
      { text_pair: choices, padding: true, return_tensors: true },
    );
    const { data: ids, shape } = padded.input_ids;
    const logits: number[] = [];
    for (let choice = 0; choice < choices.length; choice++) {
      const row = (data: Int32Array) => [[[...data.subarray(choice * shape[1], (choice + 1) * shape[1])]]];
      const alone = await model.forward({
        input_ids: row(ids),
        attention_mask: row(padded.attention_mask!.data),
        token_type_ids: row(padded.token_type_ids!.data),
      });
      logits.push(alone.logits.data[0]!);
    }
    const sum = logits.reduce((all, logit) => all + Math.exp(logit), 0);
    const scores = logits.map((logit) => Math.exp(logit) / sum);
    for (const [choice, score] of together[i]!.scores.entries()) expect(score).toBeCloseTo(scores[choice]!, 7);
  }
});
