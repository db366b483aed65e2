import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const text = readFileSync(new URL("../dist/licenses.md", import.meta.url), "utf8");
const sections = text.split(/^(?=## )/m).slice(1);

it("names the licence of all code of others, that of the workers, too", () => {
  const names = sections.map((section) => /^## (\S+) \S+ \(.+\)\n/.exec(section)?.[1]);
  // The page's own; the core's, in a worker; the runtimes', which are loaded on demand.
  expect(names).toEqual(
    expect.arrayContaining(["preact", "uplot", "ndarray", "onnxruntime-web", "@tensorflow/tfjs-core"]),
  );
  expect(names).not.toContain(undefined);
});

it("says the terms of each, or where they stand", () => {
  for (const section of sections) expect(section).toMatch(/Permission is hereby granted|Apache License|spdx\.org/);
});
