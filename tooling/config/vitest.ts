import { defineConfig } from "vitest/config";

const conditions = ["@convbert/source"];

/** Tests resolve workspace packages to their TypeScript sources, so they need no build. */
export default defineConfig({
  resolve: { conditions: [...conditions, "module", "import", "default"] },
  ssr: { resolve: { conditions: [...conditions, "module", "import", "default"] } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", "json"],
    outputFile: { json: "reports/vitest.json" },
    coverage: {
      include: ["src/**"],
      exclude: ["**/assembly/**"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "reports/coverage",
    },
    maxWorkers: 2,
    // Another processor or engine than this one, see tooling/runtimes/README.md.
    execArgv: (process.env["CONVBERT_TEST_NODE_FLAGS"] ?? "").split(" ").filter((flag) => flag !== ""),
    // Test files run side by side already; what threads change is tested where they are asked for.
    env: { CONVBERT_THREADS: "1" },
  },
});
