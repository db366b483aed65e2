import { describe, expect, it } from "vitest";
import { Random } from "../src/random.js";

describe("Random", () => {
  it("repeats itself for a seed and differs between seeds", () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.normal()
        )(new Random(seed)),
      );
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("is normal: mean 0, variance 1, the right share beyond two deviations", () => {
    const values = new Float32Array(1_000_000);
    new Random(1).fillNormal(values, 1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const beyond = values.filter((value) => Math.abs(value) > 2).length / values.length;
    expect(mean).toBeCloseTo(0, 2);
    expect(variance).toBeCloseTo(1, 2);
    expect(beyond).toBeCloseTo(0.0455, 2);
  });
});
