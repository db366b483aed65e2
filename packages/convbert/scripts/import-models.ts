// Brings the two trained models from the folder of shared data beside this repository into `models/`, small: floats as
// F16 safetensors, everything else unchanged. Run by `pnpm --filter convbert models` after a build.
//
// F16 rather than BF16: on the recorded texts the logits move by at most 0.0014 (questions) and 0.0022 (chunks) with
// F16, but by 0.016 and 0.019 with BF16; no weight is larger than 1.2, so the range of F16 is not an issue.
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openWeights, tensorsOf, weightFiles } from "@convbert/converter";
import { openFiles } from "@convbert/files";

const source = process.argv[2] ?? join(import.meta.dirname, "../../../../shared/models");
const destination = join(import.meta.dirname, "../models");

for (const name of ["question-classification", "chunking"]) {
  const from = join(source, name);
  const to = join(destination, name);
  await mkdir(to, { recursive: true });
  const card = await readFile(join(to, "README.md")).catch(() => undefined);
  await rm(to, { recursive: true });
  await mkdir(to, { recursive: true });
  if (card) await writeFile(join(to, "README.md"), card);

  for (const file of await readdir(from)) {
    if (file !== "pytorch_model.bin" && file !== "config.json")
      await writeFile(join(to, file), await readFile(join(from, file)));
  }
  const config = JSON.parse(await readFile(join(from, "config.json"), "utf8"));
  await writeFile(join(to, "config.json"), `${JSON.stringify({ ...config, torch_dtype: "float16" }, null, 2)}\n`);

  const reader = await openWeights(await openFiles(from));
  for (const [file, pieces] of weightFiles(tensorsOf(reader, { floatDType: "F16" })).files) {
    await pipeline(pieces, createWriteStream(join(to, file)));
  }
  await reader.close();
  console.log(`${name}: ${(await readdir(to)).join(", ")}`);
}
