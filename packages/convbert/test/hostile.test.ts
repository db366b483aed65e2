import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLine, printable } from "../src/cli/printable.js";
import { convbert } from "./terminal.js";

const tiny = (name: string): string => fileURLToPath(new URL(`../../pipelines/test/fixtures/${name}`, import.meta.url));

/** Clears the screen, hides text, ends a line, turns the reading order, in all the ways that terminals know. */
const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\u009b8m\r\n\u202eevil\u2066\u2028";
/** Nothing of this may reach a terminal; line ends of the command's own are the one exception. */
const ACTED_ON = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;

let folder = "";
const model = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-hostile-"));
  for (const name of ["multi-label", "entities", "masked", "choices", "question-answering", "entailment", "base"]) {
    await cp(tiny(name), model(name), { recursive: true });
    const config = JSON.parse(await readFile(join(model(name), "config.json"), "utf8"));
    if (config.id2label) {
      config.id2label = Object.fromEntries(Object.keys(config.id2label).map((id) => [id, `B-${HOSTILE}${id}`]));
      config.label2id = Object.fromEntries(Object.entries(config.id2label).map(([id, label]) => [label, Number(id)]));
    }
    await writeFile(join(model(name), "config.json"), JSON.stringify(config));
    const words = (await readFile(join(model(name), "vocab.txt"), "utf8")).split("\n");
    // A line end would be two tokens.
    words[words.indexOf("river")] = HOSTILE.replaceAll(/[\r\n]/g, "");
    await writeFile(join(model(name), "vocab.txt"), words.join("\n"));
    // Tensors that the model has no place for, under names that are shown.
    const weights = await readFile(join(model(name), "model.safetensors"));
    const length = Number(weights.readBigUInt64LE(0));
    const header = JSON.parse(weights.subarray(8, 8 + length).toString("utf8"));
    header[`unused.${HOSTILE}`] = { dtype: "F32", shape: [0], data_offsets: [0, 0] };
    const text = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    await writeFile(join(model(name), "model.safetensors"), Buffer.concat([size, text, weights.subarray(8 + length)]));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command for people and checks all that it wrote. */
async function checked(args: readonly string[], stdin?: string): Promise<string> {
  const { stdout, stderr } = await convbert(args, stdin === undefined ? {} : { stdin });
  const written = stdout + stderr;
  expect(written).not.toMatch(ACTED_ON);
  expect(written).toContain("evil");
  return written;
}

describe("what comes from files and inputs never reaches the terminal as it is", () => {
  const text = `the film ${HOSTILE} is good`;
  const runs: readonly (readonly [string, string, readonly string[]])[] = [
    ["text-classification", "multi-label", [text]],
    ["text-classification", "multi-label", ["--pair", text, text]],
    ["token-classification", "entities", [text]],
    ["token-classification", "entities", ["--aggregation", "none", "--ignore-labels", "-", text]],
    ["token-classification", "entities", ["--ignore-labels", "-", text]],
    ["question-answering", "question-answering", ["--top-k", "3", `who ${HOSTILE}?`, text]],
    ["fill-mask", "masked", ["--top-k", "200", `a [MASK] ${HOSTILE}`]],
    ["fill-mask", "masked", ["--joint", "--top-k", "200", "--targets", "city,queen", `a [MASK] ${HOSTILE} [MASK]`]],
    ["multiple-choice", "choices", [text, text, text]],
    ["feature-extraction", "base", [text]],
  ];
  test.each(runs)("run %s %s %j", async (task, name, args) => {
    await checked(["run", task, "--model", model(name), ...args]);
    const { json, stdout } = await convbert(["run", task, "--model", model(name), "--json", ...args]);
    expect(stdout).not.toMatch(ACTED_ON);
    expect(json).toHaveLength(1);
  });

  test("run zero-shot-classification", async () => {
    const args = ["run", "zero-shot-classification", "--model", model("entailment"), "--labels", `a${HOSTILE},b`, text];
    await checked(args);
    expect((await convbert([...args, "--json"])).json[0]).toMatchObject({ sequence: text });
  });

  test("inspect", async () => {
    const written = await checked(["inspect", model("multi-label")]);
    expect(written).toMatch(/in the file, not used: unused\./);
    await checked(["inspect", model("entities")]);
    const { json, stdout } = await convbert(["inspect", "--json", model("entities")]);
    expect(stdout).not.toMatch(ACTED_ON);
    expect((json[0] as { unexpected: string[] }).unexpected).toEqual([`unused.${HOSTILE}`]);
  });

  test("tokenize and demo", async () => {
    const stdin = `${HOSTILE.replaceAll(/[\r\n]/g, " ")}\n`;
    expect((await convbert(["tokenize", "--text", "--model", model("base")], { stdin })).stdout).not.toMatch(ACTED_ON);
    await checked(["demo"], stdin);
    expect((await convbert(["demo", "--json"], { stdin })).stdout).not.toMatch(ACTED_ON);
  });

  test("verify", async () => {
    const recorded = fileURLToPath(new URL("fixtures/recorded", import.meta.url));
    const weights = await readFile(join(recorded, "cases.safetensors"));
    const length = Number(weights.readBigUInt64LE(0));
    const renamed = JSON.stringify(JSON.parse(weights.subarray(8, 8 + length).toString("utf8"))).replaceAll(
      '"plain/',
      () => `${JSON.stringify(`plain${HOSTILE}`).slice(0, -1)}/`,
    );
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(Buffer.byteLength(renamed)));
    await writeFile(
      join(folder, "cases.safetensors"),
      Buffer.concat([size, Buffer.from(renamed), weights.subarray(8 + length)]),
    );
    const cases = await readFile(join(recorded, "cases.json"), "utf8");
    await writeFile(
      join(folder, "cases.json"),
      cases.replaceAll('"plain"', () => JSON.stringify(`plain${HOSTILE}`)),
    );
    await checked(["verify", recorded, join(folder, "cases.safetensors")]);
  });

  test("errors and usage", async () => {
    await checked([`run${HOSTILE}`]);
    await checked(["run", `task${HOSTILE}`, "x"]);
    await checked(["run", "text-classification", `--option${HOSTILE}`, "x"]);
    await checked(["run", "text-classification", "--model", `./${HOSTILE}`, "x"]);
    await checked(["run", "text-classification", "--model", HOSTILE.replaceAll(/[/\\.]/g, ""), "x"]);
    await checked(["run", "text-classification", "--top-k", HOSTILE, "x"]);
    await checked(["inspect", `./${HOSTILE}`]);
    await checked(["tokenize", "--options", JSON.stringify({ [HOSTILE]: 1 })], "x");
    await checked(["verify", "sentiment", HOSTILE]);
    await checked(["run", "question-answering", "--context-file", HOSTILE, "x"]);
    await checked(["run", "fill-mask", "--model", model("masked"), `no mask ${HOSTILE}`]);
    await checked(["run", "fill-mask", "--model", model("masked"), "--targets", `${HOSTILE}x,city`, "a [MASK]"]);
    await checked(["run", "text-classification", "--jsonl"], `evil ${HOSTILE}`);
    await checked(["convert", `./${HOSTILE}`, join(folder, "out")]);
    await checked(["bench", `./${HOSTILE}`]);
  });

  test("training: what it says, its card and its report", async () => {
    const data = join(folder, "data.jsonl");
    const lines = ["good", "bad"].flatMap((word, i) =>
      Array.from({ length: 4 }, () =>
        JSON.stringify({ text: `${word} film ${HOSTILE}`, label: `${HOSTILE}${i} <b>|\`[x](y)` }),
      ),
    );
    await writeFile(data, lines.join("\n"));
    const args = [
      ...[
        "train",
        "text-classification",
        "--data",
        data,
        "--eval",
        data,
        "--test",
        data,
        "--output",
        join(folder, "trained"),
      ],
      ...["--vocab", join(model("base"), "vocab.txt"), "--steps", "2", "--threads", "1"],
      ..."--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24".split(" "),
    ];
    for (const more of [["--json"], ["--overwrite"]]) {
      const { code, stdout, stderr } = await convbert([...args, ...more]);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(ACTED_ON);
    }
    const card = await readFile(join(folder, "trained", "README.md"), "utf8");
    expect(card).not.toMatch(ACTED_ON);
    expect(card).toContain("\\<b\\>\\|\\`\\[x\\](y)");
    expect(await readFile(join(folder, "trained", "report.html"), "utf8")).not.toMatch(ACTED_ON);
    await checked(["run", "text-classification", "--model", join(folder, "trained"), "a good film"]);
    const wrong = JSON.stringify({ text: 5, [HOSTILE]: HOSTILE });
    await writeFile(data, wrong);
    const refused = await convbert([...args, "--overwrite", "--label-column", HOSTILE]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).not.toMatch(ACTED_ON);
  });

  test("a long message is cut", async () => {
    const { stderr } = await convbert(["x".repeat(100_000)]);
    expect(stderr.length).toBeLessThan(2100);
  });
});

describe("printable", () => {
  test("leaves what people write", () => {
    const text = "naïve 👩‍👩‍👧 עברית العربية हिन्दी 한글 e\u0301 🏴󠁧󠁢󠁥󠁮󠁧󠁿 a\u00a0b";
    expect(printable(text)).toBe(text);
    expect(printable("a\tb\r\nc")).toBe("a b  c");
    expect(printable("\ud800x")).toBe("\\u{d800}x");
  });

  test("lines of JSON mean what they meant", () => {
    const value = { [HOSTILE]: [HOSTILE, "\ud800", "\u007f\u0085"] };
    expect(JSON.parse(jsonLine(value))).toEqual(value);
    expect(jsonLine(value)).not.toMatch(ACTED_ON);
  });
});
