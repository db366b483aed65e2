import type { FileSet } from "@convbert/files";

const MODULES = "modules.json";

/** Names that a folder of sentence-transformers may have beside the model's, whatever its modules compute. */
export async function sentenceModuleNames(files: FileSet): Promise<string[]> {
  if (!(await files.has(MODULES))) return [];
  const found: unknown = JSON.parse(await files.readText(MODULES));
  const paths = (Array.isArray(found) ? found : [])
    .map((module) => (module as { path?: unknown } | null)?.path)
    .filter((path) => typeof path === "string" && path !== "");
  const own = ["config.json", "model.safetensors", "pytorch_model.bin"];
  return [
    ...[MODULES, "sentence_bert_config.json", "config_sentence_transformers.json"],
    ...paths.flatMap((path) => own.map((name) => `${path}/${name}`)),
  ];
}
