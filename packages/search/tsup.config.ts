import { library } from "../../tooling/config/tsup.ts";

export default library({ index: "src/index.ts", "ai-sdk": "src/ai-sdk.ts", langchain: "src/langchain.ts" });
