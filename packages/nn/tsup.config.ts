import { library } from "../../tooling/config/tsup.ts";

export default library({ index: "src/index.ts", internal: "src/internal.ts" });
