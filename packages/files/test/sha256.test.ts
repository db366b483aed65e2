import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Sha256 } from "../src/sha256.js";
import { pattern } from "./server.js";

test("our SHA-256 equals the platform's for every length around its blocks, in pieces of any size", () => {
  for (const length of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 100_003]) {
    const bytes = pattern(length, length + 1);
    const expected = createHash("sha256").update(bytes).digest("hex");
    for (const step of [1, 7, 64, 100, 1 << 20]) {
      if (length / step > 20_000) continue;
      const hash = new Sha256();
      for (let at = 0; at < length; at += step) hash.update(bytes.subarray(at, at + step));
      expect(hash.hex()).toBe(expected);
    }
  }
});
