import { openWeights, readPyTorch, readSafetensors, tensorsOf, writeSafetensors } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { collect, fixturePath, goldenFolders } from "./support.js";

const folders = [fixturePath("model"), ...goldenFolders()];

async function open(folder: string, name: string) {
  const file = await (await openFiles(folder)).open(name);
  return name.endsWith(".bin") ? readPyTorch(file) : readSafetensors(file);
}

describe("a checkpoint that the reference saved in both formats", () => {
  test.each(folders.map((folder) => [folder.split("/").slice(-2).join("/"), folder]))(
    "has the same tensors: %s",
    async (_, folder) => {
      const safe = await open(folder!, "model.safetensors");
      const torch = await open(folder!, "pytorch_model.bin");
      expect(safe.tensors.size).toBeGreaterThan(20);
      for (const [name, info] of torch.tensors) {
        const twin = safe.tensors.get(info.tiedTo ?? name);
        const same = [twin?.dtype, twin?.shape];
        expect([name, ...same]).toEqual([name, info.dtype, info.shape]);
        const [left, right] = await Promise.all([collect(torch.bytes(name)), collect(safe.bytes(twin!.name))]);
        expect([name, Buffer.compare(left, right)]).toEqual([name, 0]);
        const whole = await torch.read(name);
        expect(
          Buffer.compare(new Uint8Array(whole.buffer as ArrayBuffer, whole.byteOffset, whole.byteLength), right),
        ).toBe(0);
      }
      const extra = [...safe.tensors.keys()].filter((name) => !torch.tensors.has(name));
      expect(extra).toEqual([]);
      const rewritten = await collect(writeSafetensors(tensorsOf(torch)));
      const bytes = await (await openFiles(folder!)).readBytes("model.safetensors");
      expect(Buffer.compare(rewritten, bytes)).toBe(0);
      await Promise.all([safe.close(), torch.close()]);
    },
  );

  test("opens as safetensors first", async () => {
    for (const folder of folders) {
      const reader = await openWeights(await openFiles(folder));
      expect(reader.format).toBe("safetensors");
      await reader.close();
    }
  });
});
