import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The files of one tokenizer, which every contender loads. */
export interface TokenizerFiles {
  readonly vocabulary: string;
  /** Contents and place of its `tokenizer.json`. */
  readonly json: string;
  readonly jsonPath: string;
  readonly config: string;
}

/** The files in a folder, as compare.ts writes them with our tokenizer. */
export function readFiles(folder: string): TokenizerFiles {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  return {
    vocabulary: read("vocab.txt"),
    json: read("tokenizer.json"),
    jsonPath: join(folder, "tokenizer.json"),
    config: read("tokenizer_config.json"),
  };
}

/** What is compared: a tokenizer that gives the ids of texts, special tokens included. */
export interface Contender {
  readonly name: string;
  readonly version: string;
  /** Milliseconds from the files' contents to a tokenizer. */
  construct(): Promise<number>;
  /** Takes texts in and gives their ids, untimed. */
  prepare(texts: readonly string[]): Promise<readonly ArrayLike<number>[]>;
  /** Times one pass over the prepared texts. */
  run(): Promise<number>;
  stop(): void;
}

type Encode = (texts: readonly string[]) => readonly ArrayLike<number>[];

/** A contender that lives in this process. @param make the tokenizer, from files in memory. */
function local(name: string, version: string, make: () => Encode): Contender {
  let encode: Encode = () => [];
  let texts: readonly string[] = [];
  return {
    name,
    version,
    async construct() {
      const start = performance.now();
      encode = make();
      encode(["a"]);
      return performance.now() - start;
    },
    async prepare(given) {
      texts = given;
      encode = make();
      return encode(texts);
    },
    async run() {
      const start = performance.now();
      const rows = encode(texts);
      const ms = performance.now() - start;
      // Nobody may call the work unused.
      if (rows.length !== texts.length) throw new Error(`${name} gave ${rows.length} rows for ${texts.length} texts`);
      return ms;
    },
    stop() {},
  };
}

/** The parts of the packages that are used here. */
interface Tokenizer {
  (texts: readonly string[], options: object): { input_ids: number[][] };
  encode(text: string, options?: object): number[];
  encodeBatch(texts: readonly string[], options: object, parallel: object): Promise<{ input_ids: number[][] }>;
  addTokens(tokens: readonly (string | object)[]): number;
  toFiles(options: object): Promise<Record<string, string>>;
}
interface Ours {
  ConvBertTokenizer: new (vocabulary: string, options?: object) => Tokenizer;
  ConvBertTokenizerFast: new (vocabulary: string, options?: object) => Tokenizer;
}
interface Transformers {
  BertTokenizer: new (json: object, config: object) => { encode(text: string): number[] };
}
interface Tokenizers {
  Tokenizer: new (json: object, config: object) => { encode(text: string): { ids: number[] } };
}

const packageFolder = new URL("../../../packages/tokenizer/", import.meta.url);
const peersFolder = new URL("../.peers/node_modules/", import.meta.url);

const versionOf = (folder: URL): string => {
  const { name, version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  return `${name} ${version}`;
};

export async function importOurs(): Promise<Ours> {
  const entry = new URL("dist/index.js", packageFolder);
  if (!existsSync(entry)) throw new Error("packages/tokenizer/dist is missing; build first: npm run build");
  return import(entry.href);
}

async function importPeer<T>(name: string, file: string): Promise<[T, string]> {
  const folder = new URL(`${name}/`, peersFolder);
  if (!existsSync(folder)) throw new Error(`${name} is missing; install the peers: node tooling/bench/setup.mjs`);
  return [await import(new URL(file, folder).href), versionOf(folder)];
}

/** Contenders by name: how to start each. */
export const contenderKinds: Readonly<
  Record<string, (files: TokenizerFiles, options: { readonly python: string }) => Promise<Contender>>
> = {
  /** A batch in one call: what a user with many texts writes. */
  async ours({ vocabulary }) {
    const { ConvBertTokenizerFast } = await importOurs();
    const idsOnly = { return_token_type_ids: false, return_attention_mask: false };
    return local("ours", `${versionOf(packageFolder)}, one call`, () => {
      const tokenizer = new ConvBertTokenizerFast(vocabulary);
      return (texts) => tokenizer(texts, idsOnly).input_ids;
    });
  },
  /** Text by text, as the peers in JavaScript have to be called. */
  async "ours-each"({ vocabulary }) {
    const { ConvBertTokenizerFast } = await importOurs();
    return local("ours-each", `${versionOf(packageFolder)}, encode`, () => {
      const tokenizer = new ConvBertTokenizerFast(vocabulary);
      return (texts) => texts.map((text) => tokenizer.encode(text));
    });
  },
  async transformers({ json, config }) {
    const [{ BertTokenizer }, version] = await importPeer<Transformers>(
      "@huggingface/transformers",
      "dist/transformers.node.mjs",
    );
    return local("transformers", `${version}, encode`, () => {
      const tokenizer = new BertTokenizer(JSON.parse(json), JSON.parse(config));
      return (texts) => texts.map((text) => tokenizer.encode(text));
    });
  },
  async tokenizers({ json, config }) {
    const [{ Tokenizer }, version] = await importPeer<Tokenizers>("@huggingface/tokenizers", "dist/tokenizers.mjs");
    return local("tokenizers", `${version}, encode`, () => {
      const tokenizer = new Tokenizer(JSON.parse(json), JSON.parse(config));
      return (texts) => texts.map((text) => tokenizer.encode(text).ids);
    });
  },
  async rust({ jsonPath }, { python }) {
    const oracle = new Rust(python);
    const { version } = await oracle.ask<{ version: string }>({ op: "load", file: jsonPath });
    return {
      name: "rust",
      version: `${version}, encode_batch, RAYON_NUM_THREADS=1`,
      construct: async () => (await oracle.ask<{ ms: number }>({ op: "load", file: jsonPath })).ms,
      prepare: async (texts) => (await oracle.ask<{ ids: number[][] }>({ op: "prepare", texts })).ids,
      run: async () => (await oracle.ask<{ ms: number }>({ op: "run" })).ms,
      stop: () => oracle.stop(),
    };
  },
};

/** The Python process of the Rust contender. */
class Rust {
  readonly #process: ChildProcess;
  readonly #lines: Interface;

  constructor(python: string) {
    const script = fileURLToPath(new URL("./contenders/rust.py", import.meta.url));
    const env = { ...process.env, RAYON_NUM_THREADS: "1", TOKENIZERS_PARALLELISM: "false" };
    this.#process = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"], env });
    this.#lines = createInterface({ input: this.#process.stdout! });
  }

  ask<Reply>(request: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ended = (cause: unknown): void => reject(new Error(`rust: its Python ended: ${cause}`));
      this.#process.once("error", ended).once("exit", ended);
      this.#lines.once("line", (line) => {
        this.#process.off("error", ended).off("exit", ended);
        resolve(JSON.parse(line));
      });
      this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    });
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}
