import { expect, test, vi } from "vitest";
import { turn } from "../src/turn.js";

test.each(["setImmediate", "messages"])("a turn lets timers through that are due, by %s", async (way) => {
  if (way === "messages") vi.stubGlobal("setImmediate", undefined);
  let fired = false;
  setTimeout(() => {
    fired = true;
  });
  // A timer of a page is due after 4 ms at the latest; a loop that never gave way would turn for ever.
  for (let turns = 0; !fired && turns < 1e6; turns++) await turn();
  vi.unstubAllGlobals();
  expect(fired).toBe(true);
});
