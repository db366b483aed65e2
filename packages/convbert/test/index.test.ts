import * as heads from "@convbert/heads";
import * as model from "@convbert/model";
import * as pipelines from "@convbert/pipelines";
import * as tokenizer from "@convbert/tokenizer";
import { expect, test } from "vitest";
import * as convbert from "../src/index.js";

test("everything of the packages is here, under its own name", () => {
  for (const part of [heads, model, pipelines, tokenizer]) {
    for (const [name, value] of Object.entries(part)) expect(Reflect.get(convbert, name)).toBe(value);
  }
});

test("a pipeline on an installed model, in three lines", async () => {
  using classify = await convbert.pipeline("text-classification", convbert.installedModel("text-classification"));
  expect(await classify("Who wrote the opera Carmen?")).toEqual([{ label: "HUM", score: expect.closeTo(0.98, 2) }]);
});
