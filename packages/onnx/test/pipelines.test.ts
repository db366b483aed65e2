import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pipeline } from "../../pipelines/src/index.js";
import { type OnnxRuntime, onnxRuntime } from "../src/index.js";
import { RUNTIMES } from "./runtimes.js";

/** Tiny models of the pipelines' own tests. */
const tiny = (name: string) => `../pipelines/test/fixtures/${name}`;
const folderOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
const node = RUNTIMES["onnxruntime-node"];

/** Numbers that are near each other; everything else equal. */
function expectNear(actual: unknown, expected: unknown, digits: number): void {
  if (typeof expected === "number") expect(actual).toBeCloseTo(expected, digits);
  else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(actual as object)).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) expectNear((actual as never)[key], value, digits);
  } else expect(actual).toEqual(expected);
}

/** Arrays as lists; a view of ndarray has fields that depend on how it was made. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, each) => (ArrayBuffer.isView(each) ? Array.from(each as never) : each)));

describe("pipelines on ONNX Runtime", () => {
  const texts = [
    "Who wrote the opera Carmen?",
    "How many?",
    "Where is the longest river of South America, and what is it called?",
  ];

  it.each(Object.entries(RUNTIMES))("answer in %s what our engine answers, in a list as alone", async (_name, ort) => {
    const folder = folderOf("question-classification");
    using ours = await pipeline("text-classification", folder, { dtype: "float32" });
    using theirs = await pipeline("text-classification", folder, { runtime: onnxRuntime(ort) });
    const expected = await ours(texts, { top_k: 3 });
    expectNear(await theirs(texts, { top_k: 3 }), expected, 4);
    expectNear(await theirs(texts[1]!, { top_k: 3 }), expected[1], 4);
    expect(theirs.model.backend.description).toMatch(/^onnxruntime/);
  });

  it("answer every task as our engine does", async () => {
    const runtime = onnxRuntime(node);
    const dtype = "float32";
    const calls = {
      "feature-extraction": ["question-classification", [texts, { pooling: "mean" }]],
      "token-classification": ["entities", ["Ada Lovelace met Charles Babbage in London."]],
      "fill-mask": [tiny("masked"), [["The man went to the [MASK].", "She [MASK] the door and went [MASK]."]]],
      "question-answering": [
        tiny("question-answering"),
        [{ question: "Who wrote it?", context: "The opera was written by Georges Bizet in Paris." }],
      ],
      "multiple-choice": [tiny("choices"), [{ prompt: "The cup fell.", choices: ["It broke.", "It sang."] }]],
    } as const;
    for (const [task, [name, args]] of Object.entries(calls)) {
      const folder = folderOf(name);
      using ours = await pipeline(task as "feature-extraction", folder, { dtype });
      using theirs = await pipeline(task as "feature-extraction", folder, { dtype, runtime });
      const run = (each: typeof ours) => each(...(args as unknown as [string]));
      expectNear(plain(await run(theirs)), plain(await run(ours)), 4);
    }
  });

  it("take 8 bits from the pipeline or the runtime", async () => {
    const folder = folderOf("question-classification");
    using fromRuntime = await pipeline("text-classification", folder, {
      runtime: onnxRuntime(node, { dtype: "int8" }),
    });
    using fromPipeline = await pipeline("text-classification", folder, { runtime: onnxRuntime(node), dtype: "int8" });
    expect(fromRuntime.model.backend.description).toContain("int8");
    expect(await fromPipeline(texts)).toEqual(await fromRuntime(texts));
  });

  it("refuse a runtime that is none", async () => {
    expect(() => onnxRuntime({} as OnnxRuntime)).toThrow(/expected ONNX Runtime itself/);
    const folder = folderOf("question-classification");
    await expect(pipeline("text-classification", folder, { runtime: node as never })).rejects.toMatchObject({
      name: "PipelineError",
      message: expect.stringContaining("onnxRuntime(ort)"),
    });
  });
});
