import { mergeConfig } from "vitest/config";
import shared from "../../tooling/config/vitest.ts";

/** The cache and the login of whoever runs the tests have no part in them. */
export default mergeConfig(shared, { test: { env: { HF_HOME: "/nowhere/huggingface" } } });
