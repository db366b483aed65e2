import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FilesError } from "@convbert/files";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";

const hooks = pathToFileURL(fileURLToPath(new URL("../../../tooling/config/source-hooks.mjs", import.meta.url))).href;
const source = new URL("../src/index.ts", import.meta.url).href;

/** Long enough that writing it takes a while. */
const words = (mark: string) =>
  `[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n${Array.from({ length: 60_000 }, (_, i) => `${mark}${i}\n`).join("")}`;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Another process that has the tokenizer's exports and `words`; `shell` stands before the command that runs it. */
function runNode(code: string, shell = ""): ChildProcess {
  const program = `
    import { ConvBertTokenizer, ConvBertTokenizerFast } from ${JSON.stringify(source)};
    const words = (mark) => "[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\n[MASK]\\n" +
      Array.from({ length: 60_000 }, (_, i) => mark + i + "\\n").join("");
    ${code}`;
  const flags = ["--no-warnings", "--conditions=@convbert/source", "--import", hooks, "--input-type=module", "-e"];
  const child = spawn("/bin/sh", ["-c", `${shell} exec "$0" "$@"`, process.execPath, ...flags, program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
}

const kinds = { ConvBertTokenizer, ConvBertTokenizerFast };

describe.each(["ConvBertTokenizer", "ConvBertTokenizerFast"] as const)("an old %s stays whole", (kind) => {
  test("when the disk is full", async () => {
    const folder = await temporaryFolder();
    const old = new kinds[kind](words("old"), { do_lower_case: false });
    await old.savePretrained(folder);
    const before = await contents(folder);
    // A limit of 128 blocks a file: the small files fit, the vocabulary does not, as on a disk that is nearly full.
    const child = runNode(
      `try {
        await new ${kind}(words("new")).savePretrained(${JSON.stringify(folder)});
        console.log("saved");
      } catch (error) {
        console.log(error.name, error.code);
      }`,
      `trap "" XFSZ; ulimit -f 128;`,
    );
    let said = "";
    child.stdout!.on("data", (piece) => (said += piece));
    await once(child, "close");
    expect(said.trim()).toBe("FilesError io");
    expect(await contents(folder)).toEqual(before);
    expect((await kinds[kind].fromPretrained(folder)).convertTokensToIds("old59999")).toBe(60_004);
  });

  test("when the process is killed while it saves", async () => {
    const folder = await temporaryFolder();
    const versions = { a: new kinds[kind](words("a")), b: new kinds[kind](words("b"), { do_lower_case: false }) };
    await versions.a.savePretrained(folder);
    for (const count of [1, 2, 3, 5, 8, 13, 21]) {
      const child = runNode(`
        const versions = [new ${kind}(words("b"), { do_lower_case: false }), new ${kind}(words("a"))];
        for (let i = 0; ; i++) await versions[i % 2].savePretrained(${JSON.stringify(folder)});`);
      // Killed at the first, the second, ... thing that happens in the folder.
      let seen = 0;
      const watcher = watch(folder, () => {
        if (++seen === count) child.kill("SIGKILL");
      });
      await once(child, "close");
      watcher.close();
      const found = await kinds[kind].fromPretrained(folder);
      const version = found.convertTokensToIds("a1") === 6 ? "a" : "b";
      expect(await found.toFiles()).toEqual(await versions[version].toFiles());
    }
  });
});

describe("saving", () => {
  const tokenizer = new ConvBertTokenizerFast("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");

  test("goes to a Map and a file URL, too", async () => {
    const map = new Map<string, Blob>();
    const names = await tokenizer.savePretrained(map);
    expect(names).toEqual([...map.keys()]);
    const again = await ConvBertTokenizerFast.fromPretrained(Object.fromEntries(map));
    expect(await again.toFiles()).toEqual(await tokenizer.toFiles());
    const folder = await temporaryFolder();
    await tokenizer.savePretrained(pathToFileURL(folder));
    expect(Object.keys(await contents(folder)).sort()).toEqual([...names].sort());
  });

  test("leaves the folder by no prefix", async () => {
    const folder = await temporaryFolder();
    const prefix = { filenamePrefix: "../x" };
    await expect(tokenizer.savePretrained(join(folder, "inner"), prefix)).rejects.toBeInstanceOf(FilesError);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([0, null, undefined, "", {}, [], true])("refuses the destination %j", async (destination) => {
    await expect(tokenizer.savePretrained(destination as string)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(tokenizer.saveVocabulary(destination as string)).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("a set of files", () => {
  const contentsOf = { "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n" };

  test("that was handed in stays open for its owner; the error of a file is that of @convbert/files", async () => {
    let closed = 0;
    const { openFiles } = await import("@convbert/files");
    const files = { ...(await openFiles(contentsOf)), close: async () => void closed++ };
    await ConvBertTokenizer.fromPretrained(files);
    expect(closed).toBe(0);
    await expect(ConvBertTokenizer.fromPretrained("./nowhere")).rejects.toBeInstanceOf(FilesError);
  });

  test("of a published model has its length, however it was opened, at any revision", async () => {
    const files = await (await import("@convbert/files")).openFiles(contentsOf);
    for (const location of ["YituTech/conv-bert-small", "YituTech/conv-bert-small@v1"]) {
      expect((await ConvBertTokenizer.fromPretrained({ ...files, location })).modelMaxLength).toBe(512);
    }
    for (const location of ["someone/else", "constructor", "toString"]) {
      expect((await ConvBertTokenizer.fromPretrained({ ...files, location })).modelMaxLength).toBe(1e30);
    }
  });
});
