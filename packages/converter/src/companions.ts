import type { FileSet } from "@convbert/files";
import { checkFileName, pathIn } from "@convbert/files/internal";
import { WeightsError } from "./errors.js";
import { present } from "./present.js";

const COMPANIONS = [
  "vocab.txt",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "README.md",
  "LICENSE",
];

const MODULES = "modules.json";
const OF_SENTENCES = [MODULES, "sentence_bert_config.json", "config_sentence_transformers.json"];
const OF_A_MODULE = ["config.json", "model.safetensors", "pytorch_model.bin"];

/** More modules than any model has: asking for a file can be a request. */
const MOST_MODULES = 16;

/**
 * Names of the files that belong with a model's weights and are there: the tokenizer's, the card (`README.md`), the licence,
 * and in a folder of sentence-transformers its settings with the files of every module that `modules.json` lists. Not among
 * them are `config.json` and the weights, which are written anew in another format.
 * @throws WeightsError "format" for a `modules.json` that is none; FilesError "invalid-name" where it leads out of the folder.
 */
export async function companionNames(files: FileSet): Promise<string[]> {
  const names = await present(files, [...COMPANIONS, ...OF_SENTENCES]);
  if (!names.includes(MODULES)) return names;
  const folders = new Set((await modulePaths(files)).filter((path) => path !== ""));
  const own = [...folders].flatMap((path) => OF_A_MODULE.map((name) => `${path}/${name}`));
  // Not every set of files checks what it is asked for.
  for (const name of own) checkFileName(name, pathIn(files, MODULES));
  return [...names, ...(await present(files, own))];
}

/** The modules' folders; that of the model itself is empty. */
async function modulePaths(files: FileSet): Promise<string[]> {
  const fail = (message: string, cause?: unknown): never => {
    throw new WeightsError("format", message, { file: pathIn(files, MODULES), cause });
  };
  const text = await files.readText(MODULES, { maxBytes: 1 << 20 });
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    fail("it is not valid JSON", cause);
  }
  if (!Array.isArray(list) || list.length > MOST_MODULES)
    return fail(`expected a list of ${MOST_MODULES} modules at most`);
  return list.map((module: unknown, index) => {
    const { path } = (module ?? {}) as { path?: unknown };
    return typeof path === "string" ? path : fail(`module ${index} has no "path"`);
  });
}
