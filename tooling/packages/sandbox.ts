import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./install.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Where examples run, and with which variables. */
export interface Sandbox {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Models of random weights under the published names: shapes that the examples show, or small ones. */
const STAND_INS = {
  "conv-bert-base": { vocab_size: 7_600, num_hidden_layers: 4, intermediate_size: 64 },
  "conv-bert-small": {
    embedding_size: 16,
    hidden_size: 16,
    num_attention_heads: 4,
    num_hidden_layers: 1,
    intermediate_size: 16,
  },
};
const STAND_IN = `
import { ConvBertConfig, ConvBertModel } from "@convbert/model";
const [config, folder] = process.argv.slice(2);
const model = await ConvBertModel.fromConfig(new ConvBertConfig(JSON.parse(config)));
await model.savePretrained(folder, { format: "pytorch" });
`;

/**
 * A folder in which the READMEs' examples find what they name: the clone's packages, models under the names that the
 * examples use, a hub cache with small stand-ins for the published checkpoints, data to train on. Gives the environment
 * to run them with; no network is asked.
 */
export function makeSandbox(folder: string): Sandbox {
  const cwd = join(folder, "sandbox");
  mkdirSync(cwd);
  symlinkSync(join(root, "packages"), join(cwd, "packages"));
  const classifier = join(root, "packages/models/question-classification");
  for (const name of ["my-model", "my-classifier", "path/to/model"])
    cpSync(classifier, join(cwd, name), { recursive: true });
  const golden = join(root, "packages/heads/test/fixtures/models/default/ConvBertForSequenceClassification");
  cpSync(golden, join(cwd, "model"), { recursive: true });
  const cache = join(folder, "hub");
  for (const [name, size] of Object.entries(STAND_INS)) {
    const repository = join(cache, `models--YituTech--${name}`);
    const snapshot = join(repository, "snapshots", COMMIT);
    mkdirSync(join(repository, "refs"), { recursive: true });
    writeFileSync(join(repository, "refs/main"), COMMIT);
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(folder, "stand-in.mjs"), STAND_IN);
    run(process.execPath, ["stand-in.mjs", JSON.stringify(size), snapshot], folder);
    cpSync(join(classifier, "vocab.txt"), join(snapshot, "vocab.txt"));
  }
  const rows = ["a fine film,good", "a dull one,bad", "so very dull,bad", "what a film,good"];
  for (const name of ["train", "dev"]) {
    const lines = ["text,label", ...rows].join("\n");
    writeFileSync(join(cwd, `${name}.csv`), lines);
    writeFileSync(join(cwd, `${name}.tsv`), lines.replaceAll(",", "\t"));
  }
  cpSync(join(classifier, "vocab.txt"), join(cwd, "vocab.txt"));
  writeFileSync(
    join(cwd, "sentences.txt"),
    "Our gardener trims the hedges.\nThe market fell.\nA cat sat in the rain.\n",
  );
  writeFileSync(join(cwd, "corpus.txt"), "the fine film was fine\nthe dull film was dull\n".repeat(20));
  return { cwd, env: { ...process.env, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: "1", CONVBERT_THREADS: "1" } };
}
