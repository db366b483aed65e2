import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { io } from "@tensorflow/tfjs-core";

/** A handler that writes `model.json` and `weights.bin` into a folder, as the README has it. */
export function folderHandler(folder: string): io.IOHandler {
  return io.withSaveHandler(async ({ weightData, weightSpecs, ...topology }) => {
    const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "model.json"), JSON.stringify({ ...topology, weightsManifest }));
    await writeFile(join(folder, "weights.bin"), new Uint8Array(io.CompositeArrayBuffer.join(weightData)));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
}
