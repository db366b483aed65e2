import { library } from "../../tooling/config/tsup.ts";

/** Every package under the address of this one: `convbert/trainer` is `@convbert/trainer`. */
const packages = [
  "converter",
  "files",
  "heads",
  "model",
  "nn",
  "onnx",
  "pipelines",
  "search",
  "search-ai-sdk",
  "search-langchain",
  "tensor",
  "tfjs",
  "tokenizer",
  "tokenizer-repair",
  "tokenizer-training",
  "trainer",
  "trainer-embeddings",
  "trainer-xml",
];

export default library({
  index: "src/index.ts",
  cli: "src/cli.ts",
  ...Object.fromEntries(packages.map((name) => [`packages/${name}`, `src/packages/${name}.ts`])),
});
