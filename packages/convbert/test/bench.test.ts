import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const recorded = fileURLToPath(new URL("fixtures/recorded", import.meta.url));

interface Report {
  readonly machine: Record<string, unknown>;
  readonly model: Record<string, unknown>;
  readonly measurements: readonly {
    readonly dtype: string;
    readonly threads: number;
    readonly backend: string;
    readonly load_ms: number;
    readonly weight_bytes: number;
    readonly peak_bytes: number;
    readonly results: readonly {
      readonly batch: number;
      readonly length: number;
      readonly lowest_ms: number;
      readonly median_ms: number;
      readonly tokens_per_second: number;
      readonly times_ms: readonly number[];
    }[];
  }[];
}

describe("bench", () => {
  test("measures every setting and workload that is asked for", async () => {
    const args = ["bench", "--json", "--rounds", "2", "--lengths", "4,16", "--batch", "1,3", "--threads", "1,2"];
    const { code, stderr, json } = await convbert(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { machine, model, measurements } = json[0] as Report;
    expect(json).toHaveLength(1);
    expect(Object.keys(machine)).toEqual(["cpu", "cores", "memory_bytes", "system", "engine", "load_average"]);
    expect(machine["engine"]).toMatch(/^Node \d+\.\d+\.\d+, V8 \d/);
    expect(model).toEqual({
      location: "question-classification",
      name: "ConvBertForSequenceClassification",
      parameters: 6_546_234,
      num_hidden_layers: 5,
      hidden_size: 256,
    });
    expect(measurements.map(({ dtype, threads }) => `${dtype} ${threads}`)).toEqual([
      "float32 1",
      "float32 2",
      "int8 1",
      "int8 2",
    ]);
    for (const { threads, backend, results, ...sizes } of measurements) {
      expect(backend).toMatch(threads === 1 ? /1 thread$/ : /2 threads$/);
      expect(sizes.load_ms).toBeGreaterThan(0);
      expect(sizes.peak_bytes).toBeGreaterThan(sizes.weight_bytes);
      expect(results.map(({ batch, length }) => [batch, length])).toEqual([
        [1, 4],
        [1, 16],
        [3, 4],
        [3, 16],
      ]);
      for (const timed of results) {
        const [a, b] = timed.times_ms as [number, number];
        expect(timed.times_ms).toHaveLength(2);
        expect(timed.lowest_ms).toBe(Math.min(a, b));
        expect(timed.median_ms).toBe((a + b) / 2);
        expect(timed.tokens_per_second).toBeCloseTo((timed.batch * timed.length * 1000) / timed.median_ms, 6);
      }
    }
    const [float32, , int8] = measurements;
    expect(int8!.weight_bytes).toBeLessThan(float32!.weight_bytes);
  });

  test("a table, and progress on a terminal's standard error only", async () => {
    const args = ["bench", recorded, "--rounds", "1", "--lengths", "8", "--threads", "1", "--dtype", "int8"];
    const quiet = await convbert(args);
    expect({ code: quiet.code, stderr: quiet.stderr }).toEqual({ code: 0, stderr: "" });
    expect(quiet.stdout).toContain(recorded);
    expect(quiet.stdout).toMatch(/1 x 8 +int8 +1( +[\d.,]+){3} +1\.00\n/);
    expect(quiet.stdout).toMatch(/int8 +1 +[\d.]+ +[\d.]+ kB +[\d.]+ MB +wasm \S+(, int8 in 7 bits)?, 1 thread\n/);
    const shown = await convbert(args, { columns: 100 });
    expect(shown.stderr).toContain("int8, 1 thread: loading");
    // The progress line is gone at the end.
    expect(shown.stderr).toMatch(/\r\x1b\[K$/);
  });

  test("a process for each setting, given that setting alone", async () => {
    const asked: string[][] = [];
    const setting = {
      async runAgain(args: readonly string[]) {
        asked.push([...args]);
        return convbert(args);
      },
    };
    const args = ["bench", recorded, "--json", "--rounds", "1", "--lengths", "8", "--threads", "1,2", "--offline"];
    const { code, json } = await convbert(args, setting);
    expect(code).toBe(0);
    expect(asked).toHaveLength(4);
    expect(asked[1]).toEqual([
      ...["bench", "--json", "--dtype=float32", "--threads=2", "--lengths=8", "--rounds=1", "--offline"],
      ...["--", recorded],
    ]);
    const { measurements } = json[0] as Report;
    expect(measurements.map(({ dtype, threads }) => `${dtype} ${threads}`)).toEqual([
      "float32 1",
      "float32 2",
      "int8 1",
      "int8 2",
    ]);
    asked.length = 0;
    await convbert([...args, "--no-isolate"], setting);
    expect(asked).toEqual([]);
  });

  test("a process that fails ends the measurement with its code", async () => {
    const runAgain = async () => ({ code: 2, stdout: "" });
    expect(await convbert(["bench"], { runAgain })).toMatchObject({ code: 2, stdout: "", stderr: "" });
  });

  test.each([
    [["--lengths", "4096"], /^convbert: --lengths: 4096 tokens do not fit this model, whose texts have at most 256\n$/],
    [["--lengths", "0"], /whole number of at least 1/],
    [["--batch", "two"], /whole number of at least 1/],
    [["--threads", ","], /whole numbers, parted by commas/],
    [["--threads", "1000"], /threads is 1000; give a whole number from 1 to 256/],
    [["--rounds", "1.5"], /whole number of at least 1/],
    [["--dtype", "int4"], /^convbert: --dtype: "int4" is none of float32, int8\n$/],
    [["./nowhere"], /there is no folder/],
  ])("wrong use: %j", async (args, message) => {
    const { code, stdout, stderr } = await convbert(["bench", "--no-isolate", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  test("stops when it is interrupted", async () => {
    const signal = AbortSignal.abort(new Error("interrupted"));
    const { code, stderr } = await convbert(["bench", "--no-isolate"], { signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "convbert: interrupted\n" });
  });
});
