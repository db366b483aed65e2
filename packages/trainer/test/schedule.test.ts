import { expect, test } from "vitest";
import { learningRateSchedule } from "../src/index.js";

test("linear", () => {
  const rate = learningRateSchedule({ totalSteps: 10, warmupSteps: 2 });
  expect([0, 1, 2, 6, 10, 11].map(rate)).toEqual([0, 0.5, 1, 0.5, 0, 0]);
});
