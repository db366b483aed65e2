import { expect, test } from "vitest";
import { learningRateSchedule, type ScheduleOptions, TrainerOptionError } from "../src/index.js";
import golden from "./fixtures/metrics.json" with { type: "json" };

test.each(golden.schedules.map((item) => [JSON.stringify({ ...item, rates: undefined }), item] as const))(
  "%s is the reference's",
  (_, { rates, ...options }) => {
    const rate = learningRateSchedule(options as ScheduleOptions);
    for (const [step, expected] of rates.entries()) expect(Math.abs(rate(step) - expected)).toBeLessThan(1e-15);
  },
);

test("a warm-up by ratio is rounded up; steps win over it", () => {
  const rate = learningRateSchedule({ totalSteps: 15, warmupRatio: 0.1 });
  expect([0, 1, 2].map(rate)).toEqual([0, 0.5, 1]);
  expect(learningRateSchedule({ totalSteps: 15, warmupRatio: 0.1, warmupSteps: 0 })(0)).toBe(1);
  expect(learningRateSchedule({ schedule: "constant" })(1e9)).toBe(1);
});

test.each([
  { schedule: "slow" as never },
  {},
  { totalSteps: -1 },
  { totalSteps: 1.5 },
  { totalSteps: 9, warmupSteps: -1 },
  { totalSteps: 9, warmupRatio: 1.1 },
  { totalSteps: 9, warmupRatio: Number.NaN },
  { schedule: "constant" as const, warmupRatio: 0.1 },
  { schedule: "cosine" as const, totalSteps: 9, cycles: 0 },
])("%j is an error", (options) => {
  expect(() => learningRateSchedule(options)).toThrow(TrainerOptionError);
});
