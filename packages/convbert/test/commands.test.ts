import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const recorded = fileURLToPath(new URL("fixtures/recorded", import.meta.url));
const cases = join(recorded, "cases.safetensors");
const chunking = fileURLToPath(new URL("../../models/chunking", import.meta.url));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-commands-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Field {
  readonly case: string;
  readonly field: string;
  readonly max_abs_diff: number | null;
  readonly max_abs_expected: number;
  readonly ok: boolean | null;
}

/** The recorded cases with the first bytes of one tensor changed. */
async function altered(name: string, change: (values: Float32Array) => void): Promise<string> {
  const bytes = new Uint8Array(await readFile(cases));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const [from, to] = header[name].data_offsets as [number, number];
  const values = new Float32Array(bytes.slice(start + from, start + to).buffer);
  change(values);
  bytes.set(new Uint8Array(values.buffer), start + from);
  const path = join(folder, "cases.safetensors");
  await writeFile(path, bytes);
  await copyFile(join(recorded, "cases.json"), join(folder, "cases.json"));
  return path;
}

describe("verify", () => {
  test.each(["wasm", "reference"])("agrees with the reference on the %s backend", async (backend) => {
    const { code, json, stderr } = await convbert(["verify", recorded, cases, "--json", "--backend", backend]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const fields = json as Field[];
    expect(Object.keys(fields[0]!)).toEqual(["case", "field", "max_abs_diff", "max_abs_expected", "ok"]);
    expect(new Set(fields.map((field) => field.case))).toEqual(new Set(["plain", "padded", "multi-label"]));
    const gradients = fields.filter(({ field }) => field.startsWith("grad/"));
    expect(gradients.map(({ field }) => field)).toEqual([
      "grad/classifier.out_proj.bias",
      "grad/classifier.out_proj.weight",
    ]);
    expect(fields.every(({ ok }) => ok)).toBe(true);
  });

  test("a readable report by case", async () => {
    const { code, stdout } = await convbert(["verify", recorded, cases]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^multi-label\n {2}✓ attentions\.0/);
    expect(stdout).toContain("21 fields agree");
  });

  test("fails when one recorded value is altered, and names it", async () => {
    const path = await altered("padded/out/logits", (values) => {
      values[3]! += 1e-3;
    });
    const { code, stdout, stderr } = await convbert(["verify", recorded, path]);
    expect(code).toBe(1);
    expect(stderr).toBe("convbert: 1 of 21 fields differ, the first in padded: logits\n");
    expect(stdout).toMatch(/✗ logits +1\.0e-3/);
    const { json } = await convbert(["verify", recorded, path, "--json"]);
    expect((json as Field[]).filter(({ ok }) => ok === false).map(({ field }) => field)).toEqual(["logits"]);
    expect((await convbert(["verify", recorded, path, "--tolerance", "0.01"])).code).toBe(0);
  });

  test("fails on a NaN that should not be, and on one that is missing", async () => {
    for (const name of ["plain/out/logits", "multi-label/out/loss"]) {
      const path = await altered(name, (values) => {
        values[0] = Number.NaN;
      });
      expect((await convbert(["verify", recorded, path])).code).toBe(1);
    }
  });

  test("fails on a field that the model does not return", async () => {
    const { code, stdout } = await convbert(["verify", recorded, cases, "--head", "ConvBertForTokenClassification"]);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain("fields agree");
  });

  test("cannot be used without cases", async () => {
    const nothing = await convbert(["verify", recorded, join(folder, "nothing.safetensors")]);
    expect(nothing).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("there is no file") });
    const weights = await convbert(["verify", recorded, join(recorded, "model.safetensors")]);
    expect(weights).toMatchObject({ code: 2, stderr: expect.stringMatching(/^convbert: [^\n]*<case>\/in\/[^\n]*\n$/) });
    const head = await convbert(["verify", recorded, cases, "--head", "Nonsense"]);
    expect(head).toMatchObject({ code: 2, stderr: expect.stringContaining("Allowed choices are ConvBertModel") });
    const tolerance = await convbert(["verify", recorded, cases, "--tolerance", "-1"]);
    expect(tolerance).toMatchObject({ code: 2, stderr: expect.stringContaining("above 0") });
  });
});

describe("tokenize", () => {
  test("gives the ids that the reference gave", async () => {
    const expected: { text: string; input_ids: number[] }[] = JSON.parse(
      await readFile(join(chunking, "expected.json"), "utf8"),
    );
    const stdin = expected.map(({ text }) => JSON.stringify(text)).join("\n");
    for (const extra of [[], ["--slow"], ["--model", chunking]]) {
      const { code, json, stderr } = await convbert(["tokenize", ...extra], { stdin });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(json.map((row) => (row as { input_ids: number[] }).input_ids)).toEqual(
        expected.map((row) => row.input_ids),
      );
    }
  });

  const options = (value: object): string[] => ["tokenize", "--options", JSON.stringify(value)];

  test("takes options of the call and of the tokenizer", async () => {
    const fields = { return_offsets_mapping: true, return_special_tokens_mask: true, return_attention_mask: false };
    const { json } = await convbert(options(fields), { stdin: '"Hello World"' });
    expect(json).toEqual([
      {
        input_ids: [101, 7592, 2088, 102],
        token_type_ids: [0, 0, 0, 0],
        special_tokens_mask: [1, 0, 0, 1],
        offset_mapping: [
          [0, 0],
          [0, 5],
          [6, 11],
          [0, 0],
        ],
      },
    ]);
    const cased = await convbert(options({ do_lower_case: false }), { stdin: '"hello Hello"' });
    expect((cased.json[0] as { input_ids: number[] }).input_ids).toEqual([101, 7592, 100, 102]);
    const long = { truncation: true, max_length: 4, stride: 1, return_overflowing_tokens: true };
    const windows = await convbert(options(long), { stdin: '"one two three"' });
    expect((windows.json[0] as { input_ids: number[][] }).input_ids).toEqual([
      [101, 2028, 2048, 102],
      [101, 2048, 2093, 102],
    ]);
    const tensors = await convbert(options({ return_tensors: true }), { stdin: '"one"' });
    expect((tensors.json[0] as { input_ids: number[][] }).input_ids).toEqual([[101, 2028, 102]]);
  });

  test("reads pairs and words", async () => {
    const pair = await convbert(["tokenize", "--pair"], { stdin: '["one", "two"]' });
    expect(pair.json[0]).toMatchObject({ input_ids: [101, 2028, 102, 2048, 102], token_type_ids: [0, 0, 0, 1, 1] });
    const words = await convbert(options({ is_split_into_words: true }), { stdin: '["one", "two"]' });
    expect(words.json[0]).toMatchObject({ input_ids: [101, 2028, 2048, 102] });
    const both = [...options({ is_split_into_words: true }), "--pair"];
    const wordPairs = await convbert(both, { stdin: '[["one"], ["two"]]' });
    expect(wordPairs.json[0]).toMatchObject({ input_ids: [101, 2028, 102, 2048, 102] });
  });

  test("a bad line is an error for that line alone", async () => {
    const { code, json } = await convbert(["tokenize"], { stdin: '"one"\n5\n["a", "b"]\n{"x\n"two"\n' });
    expect(code).toBe(0);
    const error = { error: expect.any(String) };
    expect(json).toEqual([
      { input_ids: [101, 2028, 102], token_type_ids: [0, 0, 0], attention_mask: [1, 1, 1] },
      error,
      error,
      error,
      { input_ids: [101, 2048, 102], token_type_ids: [0, 0, 0], attention_mask: [1, 1, 1] },
    ]);
    const slow = [...options({ return_offsets_mapping: true }), "--slow"];
    expect((await convbert(slow, { stdin: '"one"' })).json).toEqual([error]);
  });

  test("wrong options are refused before any line", async () => {
    for (const [value, message] of [
      ["{", /--options is not JSON/],
      ["[]", /must be a JSON object/],
      ['{"truncate": true}', /there is no option "truncate"/],
    ] as const) {
      const { code, stdout, stderr } = await convbert(["tokenize", "--options", value], { stdin: '"one"' });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(message);
    }
    const model = await convbert(["tokenize", "--model", folder], { stdin: '"one"' });
    expect(model).toMatchObject({ code: 2, stderr: expect.stringMatching(/^convbert: [^\n]*vocab\.txt[^\n]*\n$/) });
  });
});

describe("inspect", () => {
  test("shows configuration, files, memory and the tree of weights", async () => {
    const { code, stdout, stderr } = await convbert(["inspect", chunking]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("ConvBertForTokenClassification");
    expect(stdout).toContain("model.safetensors");
    expect(stdout).toContain("124 F32, 42 I8 tensors");
    expect(stdout).toMatch(/ConvBertForTokenClassification +6,484,554\n/);
    expect(stdout).toMatch(/0 … 4 {2}\(5 alike\) +2,505,780/);
    expect(stdout).toContain("weight [22, 256]  bias [22]");
    expect(stdout).toContain("every weight was found, and none was left over");
  });

  test("for machines", async () => {
    const { json } = await convbert(["inspect", "--json", chunking]);
    const found = json[0] as {
      parameters: { total: number; tensors: { name: string; shape: number[] }[] };
      memory: { weight_bytes: number; run_bytes: number };
    };
    expect(found).toMatchObject({
      model: "ConvBertForTokenClassification",
      config: { hidden_size: 256, num_hidden_layers: 5 },
      formats: [{ file: "model.safetensors", format: "safetensors" }],
      weights: { format: "safetensors", tensors_by_dtype: { F32: 124, I8: 42 } },
      parameters: { total: 6484554 },
      tokenizer: { vocabulary: 30522 },
      missing: [],
      unexpected: [],
      mismatched: [],
    });
    const size = ({ shape }: { shape: number[] }) => shape.reduce((product, extent) => product * extent, 1);
    expect(found.parameters.tensors.reduce((sum, tensor) => sum + size(tensor), 0)).toBe(6484554);
    // 8 bits a weight, and 32 for scales, biases, norms and positions.
    expect(found.memory.weight_bytes).toBeGreaterThan(found.parameters.total);
    expect(found.memory.weight_bytes).toBeLessThan(1.25 * found.parameters.total);
    expect(found.memory.run_bytes).toBeGreaterThan(0);
  });

  test("reports what does not fit the head that was asked for", async () => {
    const { code, stdout } = await convbert(["inspect", chunking, "--head", "ConvBertForMaskedLM"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/5 not in the file, newly made: generator_predictions/);
    expect(stdout).toMatch(/2 in the file, not used: classifier\.bias, classifier\.weight/);
    expect(stdout).toMatch(/generator_lm_head.*= convbert\.embeddings\.word_embeddings\.weight/);
  });

  test("a folder without a model", async () => {
    const { code, stdout, stderr } = await convbert(["inspect", join(folder, "nothing")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^convbert: [^\n]+\n$/);
  });
});

describe("demo", () => {
  test("answers its own sentences, and says what to try next", async () => {
    const { code, stdout, stderr } = await convbert(["demo"], { env: { npm_lifecycle_event: "start" } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["abbreviation", "entity", "description", "human", "location", "number"]) {
      expect(stdout).toContain(`  ${name}`);
    }
    expect(stdout).toContain("[NP Who] [VP wrote] [NP the opera Carmen]?");
    expect(stdout).toMatch(/6 sentences, \d+ tokens through both models: [\d,]+ tokens per second/);
    expect(stdout).toMatch(/Who looks after the plants\?\n +Our gardener trims the hedges every spring\. 0\.\d\d\n/);
    expect(stdout).toMatch(/shares lost value\n +The stock market fell sharply on Monday\. 0\.\d\d\n/);
    expect(stdout).toMatch(/What do I need for baking a cake\?\n +The recipe needs two eggs/);
    expect(stdout).toContain("npm start -- run");
  });

  test("answers what is piped in instead", async () => {
    const { code, stdout } = await convbert(["demo"], { stdin: "Where is the Eiffel Tower?\n\nThe dog barks .\n" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Where is the Eiffel Tower\?\n {2}location +█/);
    expect(stdout).toMatch(/The dog barks \.\n {2}read as a question:/);
    expect(stdout).toContain("2 sentences");
    expect(stdout).not.toContain("Carmen");
    expect(stdout).not.toContain("Try next");
  });

  test("reads texts of any length", async () => {
    const book = "The old man went to sea every morning . ".repeat(200);
    const { code, json } = await convbert(["demo", "--json"], { stdin: `${book}\n` });
    expect(code).toBe(0);
    const { chunks } = json[0] as { chunks: { end: number }[] };
    expect(chunks.length).toBeGreaterThan(600);
    expect(chunks.at(-1)!.end).toBeGreaterThan(book.length - 30);
  });

  test("fits a narrow terminal", async () => {
    const { stdout } = await convbert(["demo"], { columns: 40, env: { NO_COLOR: "1" } });
    const lines = stdout.split("\n").filter((line) => !line.includes("convbert "));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });
});
