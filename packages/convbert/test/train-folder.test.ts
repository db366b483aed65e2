import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

let folder = "";
const file = (...names: string[]): string => join(folder, ...names);

/** Everything below a folder, by path; folders as null. */
async function contents(path: string): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const own = join(entry.parentPath, entry.name);
    found[own.slice(path.length + 1)] = entry.isDirectory() ? null : await readFile(own, "latin1");
  }
  return found;
}

async function put(output: string, files: Readonly<Record<string, string>>): Promise<Record<string, string | null>> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(file(output), name, ".."), { recursive: true });
    await writeFile(file(output, name), text);
  }
  return contents(file(output));
}

const TINY = "--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24 --max-positions 32";

function args(output: string, ...more: string[]): string[] {
  return [
    ...["train", "text-classification", "--data", file("texts.csv"), "--vocab", file("vocab.txt"), "--threads", "1"],
    ...["--eval", file("held.csv"), "--output", file(output), "--batch-size", "8", "--epochs", "2", ...TINY.split(" ")],
    ...more,
  ];
}

const train = (output: string, ...more: string[]) => convbert(args(output, ...more));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-folder-"));
  await writeFile(file("vocab.txt"), "[PAD] [UNK] [CLS] [SEP] [MASK] good bad film".replaceAll(" ", "\n"));
  await writeFile(file("texts.csv"), `text,label\n${"good film,good\nbad film,bad\n".repeat(8)}`);
  await writeFile(file("held.csv"), `text,label\n${"film good,good\nfilm bad,bad\n".repeat(2)}`);
});
afterAll(() => rm(folder, { recursive: true }));

describe("a folder that no run has made", () => {
  const FOREIGN_FOLDERS: Record<string, Record<string, string>> = {
    "a sharded model": {
      "config.json": "{}",
      "model-00001-of-00002.safetensors": "a",
      "model-00002-of-00002.safetensors": "b",
      "model.safetensors.index.json": "{}",
    },
    "a model in PyTorch's format": { "config.json": "{}", "pytorch_model.bin": "x", "vocab.txt": "mine" },
    "a model of its own": { "config.json": "{}", "model.safetensors": "x" },
    "a project": { "README.md": "mine", "metrics.json": "{}", "report.html": "<p>", "notes.txt": "n" },
    "checkpoints of another program": { "checkpoints/step-00000007/weights": "x", "checkpoints/last.ckpt": "y" },
    "a folder in it": { "data/x.csv": "x" },
    "a hidden file": { ".gitignore": "*" },
    "a log of another program": { "training-log.jsonl": "2024-01-01 started\n" },
    "notes that are none": { "training-run.json": '{"format":1}' },
  };

  test.each(Object.keys(FOREIGN_FOLDERS))("is refused and stays as it is: %s", async (kind) => {
    const output = kind.replaceAll(/\W/g, "-");
    const before = await put(output, FOREIGN_FOLDERS[kind]!);
    for (const flags of [[], ["--resume"]]) {
      const { code, stderr, stdout } = await train(output, ...flags);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/has files that no run of this command has made: .*; give another --output, or replace/);
      expect(await contents(file(output))).toEqual(before);
    }
  });

  test("is replaced file by file where --overwrite asks for it; other files stay", async () => {
    await put("asked", { "README.md": "mine", "config.json": "{}", "notes.txt": "n", "checkpoint-500/x": "y" });
    expect(await train("asked", "--overwrite")).toMatchObject({ code: 0 });
    const after = await contents(file("asked"));
    expect(after).toMatchObject({ "notes.txt": "n", "checkpoint-500/x": "y" });
    expect(after["README.md"]).toContain("# asked");
  });

  test("is refused with --overwrite, too, where a run would mix with it", async () => {
    for (const [output, files, message] of [
      ["mixed", { "checkpoints/step-00000007/weights": "x" }, /checkpoints is of no run that this command knows/],
      ["log", { "training-log.jsonl": "2024-01-01 started\n" }, /training-log.jsonl is not the log of a run/],
    ] as const) {
      const before = await put(output, files);
      const { code, stderr } = await train(output, "--overwrite");
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
      expect(await contents(file(output))).toEqual(before);
    }
  });

  test("a file in its place, and a place that is none", async () => {
    expect(await train("vocab.txt")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is a file, not a folder"),
    });
    const { code, stderr } = await train("vocab.txt/below");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^convbert: [^\n]+\n$/) });
  });
});

describe("a start that fails leaves no folder", () => {
  test.each([
    ["a column that is not there", ["--label-column", "kind"]],
    ["a model that is not there", ["--config", "./nothing.json"]],
    ["an option that the model refuses", ["--kernel-size", "4"]],
    ["an option that the trainer refuses", ["--freeze", "nothing.*"]],
    ["a loss that is no number from the start", ["--config", "wild.json"]],
  ])("%s", async (_, flags) => {
    await writeFile(file("wild.json"), '{"initializer_range":1e30}');
    const own = flags.map((flag) => (flag === "wild.json" ? file(flag) : flag));
    const { code, stderr } = await train(join("new", "deep", "model"), ...own);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^(warning: .*\n)?convbert: .*\n$/),
    });
    expect(await readdir(folder)).not.toContain("new");
  });

  test("nor anything in a folder that was there", async () => {
    await mkdir(file("empty"));
    expect(await train("empty", "--freeze", "nothing.*")).toMatchObject({ code: 2 });
    expect(await readdir(file("empty"))).toEqual([]);
  });

  test("and takes nothing of an earlier run", async () => {
    expect(await train("before")).toMatchObject({ code: 0 });
    const before = await contents(file("before"));
    for (const flags of [
      ["--overwrite", "--freeze", "nothing.*"],
      ["--overwrite", "--label-column", "x"],
      ["--resume", "--epochs", "1"],
      ["--resume", "--lr", "1"],
      [],
    ]) {
      expect(await train("before", ...flags), flags.join(" ")).toMatchObject({ code: 2 });
      expect(await contents(file("before")), flags.join(" ")).toEqual(before);
    }
  });
});

describe("files that somebody else has put into a run's folder", () => {
  test("are not replaced: the run waits until they are away", async () => {
    const interruption = new AbortController();
    const long = ["--epochs", "60", "--checkpoint-every", "5"];
    const stopped = convbert(args("guests", ...long), { signal: interruption.signal });
    const log = file("guests", "training-log.jsonl");
    while (!(await readFile(log, "utf8").catch(() => "")).includes('"step":7')) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    interruption.abort();
    expect(await stopped).toMatchObject({ code: 130 });
    for (const name of ["README.md", "model-00001-of-00002.safetensors", "vocab.txt"]) {
      await writeFile(file("guests", name), "mine");
      const { code, stderr } = await train("guests", ...long, "--resume");
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`${name} is not as the run`) });
      expect(await readFile(file("guests", name), "utf8")).toBe("mine");
      expect(await readdir(file("guests"))).not.toContain("model.safetensors");
      await rm(file("guests", name));
    }
    await writeFile(file("guests", "checkpoints", "notes.txt"), "mine");
    expect(await train("guests", ...long, "--resume", "--no-keep-checkpoints")).toMatchObject({ code: 0 });
    // What lies beside the run's checkpoints is not its own.
    expect(await readdir(file("guests", "checkpoints"))).toEqual(["notes.txt"]);

    // Changed by hand since: a longer run would replace it.
    const gone = await train("guests", ...long, "--resume", "--epochs", "61");
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining("its checkpoints are gone") });
  });
});

describe("--resume compares contents", () => {
  const other = (name: string) => file(`other-${name}`);
  beforeAll(async () => {
    expect(await train("whole", "--dropout", "0.1")).toMatchObject({ code: 0 });
    const data = await readFile(file("texts.csv"), "utf8");
    const flipped = data.replaceAll(/,(good|bad)/g, (_, label) => (label === "bad" ? ",good" : ",bad"));
    expect(flipped).toHaveLength(data.length);
    await writeFile(other("flipped.csv"), flipped);
    await writeFile(other("held.csv"), (await readFile(file("held.csv"), "utf8")).replace("film good", "good film"));
    await writeFile(other("vocab.txt"), "[PAD] [UNK] [CLS] [SEP] [MASK] bad good film".replaceAll(" ", "\n"));
    await writeFile(other("same.csv"), data);
  });

  test.each([
    ["labels that are flipped in a file of the same size", ["--data", "flipped.csv"], /contents of --data/],
    ["another evaluation file", ["--eval", "held.csv"], /contents of --eval/],
    ["another vocabulary of the same size", ["--vocab", "vocab.txt"], /the tokenizer/],
    ["another length", ["--max-length", "16"], /maxLength/],
    ["other columns", ["--text-column", "label", "--label-column", "text"], /textColumn/],
    ["another seed", ["--seed", "4"], /weights at the start|seed/],
    ["another rate of dropout", ["--dropout", "0.2"], /dropout/],
    ["names of labels", ["--label-names", "a,b"], /labelNames/],
    ["another size of evaluated batches", ["--eval-batch-size", "2"], /evalBatchSize/],
  ] as const)("and refuses %s", async (_, flags, message) => {
    const own = flags.map((flag) => (/\.(csv|txt)$/.test(flag) ? other(flag) : flag));
    const rest = args("whole", "--dropout", "0.1", "--resume");
    for (let i = 0; i < own.length; i += 2) {
      const at = rest.indexOf(own[i]!);
      if (at >= 0) rest.splice(at, 2);
    }
    const { code, stderr } = await convbert([...rest, ...own]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });

  test("and lets pass what changes nothing: other names of the files, another form of the output", async () => {
    const rest = args("whole", "--dropout", "0.1", "--resume", "--threads", "2", "--license", "mit");
    rest[rest.indexOf("--data") + 1] = other("same.csv");
    expect(await convbert(rest)).toMatchObject({ code: 0, stderr: "" });
  });

  test("of words that are masked, too", async () => {
    await writeFile(file("plain.txt"), "good film bad film\n\n".repeat(20));
    const masked = (...more: string[]) =>
      convbert([
        ...["train", "fill-mask", "--data", file("plain.txt"), "--vocab", file("vocab.txt"), "--threads", "1"],
        ...["--output", file("masked"), "--steps", "2", "--max-length", "16", ...TINY.split(" "), ...more],
      ]);
    expect(await masked("--mask-unit", "word")).toMatchObject({ code: 0 });
    for (const flags of [[], ["--mask-unit", "word", "--mask-probability", "0.3"]]) {
      const { code, stderr } = await masked("--resume", ...flags);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/mask(Unit|Probability) differs/),
      });
    }
    expect(await masked("--mask-unit", "word", "--resume")).toMatchObject({ code: 0 });
  });
});

describe("more epochs extend a finished run", () => {
  const weights = (output: string) => readFile(file(output, "model.safetensors"));

  test("as if it had been that long from the start, where the rate does not depend on the length", async () => {
    const flags = ["--schedule", "constant", "--warmup", "2", "--keep-last"];
    for (const output of ["short", "short-too"]) expect(await train(output, ...flags)).toMatchObject({ code: 0 });
    expect(await train("long", ...flags, "--epochs", "5")).toMatchObject({ code: 0 });
    const extended = await train("short", ...flags, "--epochs", "5", "--resume");
    expect(extended).toMatchObject({ code: 0, stderr: expect.stringContaining("going on from step-00000004") });
    expect((await weights("short")).equals(await weights("long"))).toBe(true);
    // In two parts as well.
    expect(await train("short-too", ...flags, "--epochs", "3", "--resume")).toMatchObject({ code: 0 });
    expect(await train("short-too", ...flags, "--epochs", "5", "--resume")).toMatchObject({ code: 0 });
    expect((await weights("short-too")).equals(await weights("long"))).toBe(true);
    const { epochs } = JSON.parse(await readFile(file("short", "training-run.json"), "utf8")).options;
    expect(epochs).toBe(5);
  });

  test("and only where more are asked for", async () => {
    expect(await train("asked-for")).toMatchObject({ code: 0 });
    const before = await contents(file("asked-for"));
    const rest = args("asked-for", "--resume");
    rest.splice(rest.indexOf("--epochs"), 2);
    expect(await convbert(rest)).toMatchObject({ code: 0, stdout: expect.stringContaining("saved in") });
    expect(await contents(file("asked-for"))).toEqual(before);
  });

  test("in the same way each time", async () => {
    for (const output of ["one", "two"]) {
      expect(await train(output)).toMatchObject({ code: 0 });
      expect(await train(output, "--resume", "--epochs", "4")).toMatchObject({ code: 0 });
    }
    expect((await weights("one")).equals(await weights("two"))).toBe(true);
  });

  test("but do not replace what somebody has changed since", async () => {
    await writeFile(file("one", "README.md"), "mine");
    const { code, stderr } = await train("one", "--resume", "--epochs", "6");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("README.md is not as the run") });
    expect(await readFile(file("one", "README.md"), "utf8")).toBe("mine");
    await rm(file("one", "README.md"));
    expect(await train("one", "--resume", "--epochs", "6")).toMatchObject({ code: 0 });
    expect(await readFile(file("one", "README.md"), "utf8")).toContain("# one");
  });
});
