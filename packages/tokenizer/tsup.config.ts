import { library } from "../../tooling/config/tsup.ts";

export default library(
  {
    index: "src/index.ts",
    internal: "src/internal.ts",
    training: "src/training/index.ts",
    repair: "src/repair.ts",
    worker: "src/parallel/worker.ts",
  },
  // Taken in, so that a page's worker is one script with no package to find, and tokenizers load without @convbert/files.
  { noExternal: ["@convbert/files/internal"] },
);
