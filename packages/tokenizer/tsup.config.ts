import { library } from "../../tooling/config/tsup.ts";

export default library({
  index: "src/index.ts",
  training: "src/trainer/index.ts",
  repair: "src/repair.ts",
  worker: "src/parallel/worker.ts",
});
