import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";
import { conll, type DataFormat, openDataset, plainText, squad, textFields, trec, tsv } from "../src/index.js";
import { copa, rte } from "../src/xml.js";
import golden from "./fixtures/data.json" with { type: "json" };

// The training data stands beside the repository; it is not part of it.
const folder = sharedFolder("data");
const sst2 = tsv(textFields(), { columns: ["text", "label"] });

/** Reader and fields of each folder, in the order of `make_trainer_data.py`. */
const READERS: Record<string, () => [DataFormat<object>, (example: never) => string[]]> = {
  trec: () => [trec(), ({ text, label }) => [text, label]],
  sst2: () => [sst2, ({ text, label }) => [text, label]],
  conll2000: () => [conll(), ({ words, tags }: { words: string[]; tags: string[] }) => [...words, ...tags]],
  wnut17: () => [
    conll({ separator: "tab" }),
    ({ words, tags }: { words: string[]; tags: string[] }) => [...words, ...tags],
  ],
  xquad: () => [
    squad(),
    (e: { id: string; question: string; context: string; answers: { text: string; answerStart: number }[] }) => [
      e.id,
      e.question,
      e.context,
      ...e.answers.map(({ text, answerStart }) => `${answerStart}:${text}`),
    ],
  ],
  copa: () => [
    copa({ ask: "none" }),
    ({ prompt, choices, label }: { prompt: string; choices: string[]; label: number }) => [
      prompt,
      ...choices,
      String(label),
    ],
  ],
  rte: () => [rte(), ({ text, text_pair, label }) => [text, text_pair, label]],
  books: () => [plainText({ stripGutenberg: true }), ({ text }) => [text]],
};

async function digest(path: string, keep: "memory" | "file"): Promise<{ count: number; sha256: string }> {
  const [format, fields] = READERS[path.split("/")[0]!]!();
  const dataset = await openDataset(`${folder}${path}`, format, { keep });
  const hash = createHash("sha256");
  for await (const example of dataset) hash.update(`${fields(example as never).join("\x1f")}\n`);
  await dataset.close();
  return { count: dataset.length, sha256: hash.digest("hex") };
}

if (folder !== undefined)
  describe("the training data, as Python reads it", () => {
    for (const [path, expected] of Object.entries(golden)) {
      test(path, async () => {
        expect(await digest(path, "memory")).toEqual(expected);
      });
    }

    test.each(["trec/test.txt", "sst2/dev.tsv", "conll2000/test.txt", "books/alice-in-wonderland.txt"])(
      "%s, from its index",
      async (path) => {
        expect(await digest(path, "file")).toEqual(golden[path as keyof typeof golden]);
      },
    );
  });
