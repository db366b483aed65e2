import { expect, test } from "vitest";
import { pathIn } from "../src/path-in.js";

test.each([
  ["/models/mine", "/models/mine/config.json"],
  ["/models/mine/", "/models/mine/config.json"],
  ["/models/mine//", "/models/mine/config.json"],
  ["/", "/config.json"],
  ["https://example.org/m/", "https://example.org/m/config.json"],
  ["https://example.org/m?…", "https://example.org/m/config.json?…"],
  ["https://example.org/m/?…", "https://example.org/m/config.json?…"],
  ["YituTech/conv-bert-base", "YituTech/conv-bert-base/config.json"],
])("a file in %s is named %s", (location, path) => expect(pathIn({ location }, "config.json")).toBe(path));
