import { readSafetensors, WeightsError } from "@convbert/converter";
import { describe, expect, test } from "vitest";
import { fixtureJson } from "./support.js";

type Recorded = [
  header: string,
  dataLength: number,
  result: { keys: string[]; metadata: Record<string, string> | null } | null,
];

const recorded = fixtureJson<Recorded[]>("headers.json");

function fileOf(header: Uint8Array, dataLength: number): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

describe("headers are taken and refused as by the reference library", () => {
  test.each(recorded.map((entry) => [Buffer.from(entry[0], "base64").toString("utf8").slice(0, 100), entry] as const))(
    "%j",
    async (_, [header, dataLength, result]) => {
      const bytes = fileOf(new Uint8Array(Buffer.from(header, "base64")), dataLength);
      if (result === null) {
        await expect(readSafetensors(bytes)).rejects.toThrow(WeightsError);
        return;
      }
      const reader = await readSafetensors(bytes);
      expect([...reader.tensors.keys()].sort()).toEqual(result.keys);
      expect({ ...reader.metadata }).toEqual(result.metadata ?? {});
    },
  );

  test("both kinds are among them", () => {
    const taken = recorded.filter(([, , result]) => result !== null).length;
    expect(taken).toBeGreaterThan(20);
    expect(recorded.length - taken).toBeGreaterThan(50);
  });

  test("of a million levels, or a megabyte of name, are refused in a short message", async () => {
    const entry = `{"dtype":"F99","shape":[2],"data_offsets":[0,8]}`;
    for (const text of [
      `{"a":${"[".repeat(1e6)}`,
      `{"a":${'{"x":'.repeat(1e6)}`,
      `{"${"n\u001b".replace("\u001b", "\\u001b").repeat(1e5)}":${entry}}`,
      `{"a":{"dtype":"F32","shape":[${"1,".repeat(1e5)}1],"data_offsets":[0,8]}}`,
      `{"a":{"dtype":"${"x".repeat(1e6)}","shape":[2],"data_offsets":[0,8]}}`,
    ]) {
      const error: Error = await readSafetensors(fileOf(new TextEncoder().encode(text), 8)).then(
        () => expect.unreachable("it was read"),
        (reason: Error) => reason,
      );
      expect(error).toBeInstanceOf(WeightsError);
      expect(error.message.length).toBeLessThan(700);
      expect(error.message).not.toContain("\u001b");
    }
  });
});
