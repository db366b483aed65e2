import { library } from "../../tooling/config/tsup.ts";

export default library(
  { index: "src/index.ts", repair: "src/repair.ts", training: "src/trainer/index.ts" },
  { noExternal: ["@convbert/files"] },
);
