import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sharedFolder } from "../../../tooling/config/machine.ts";

/** The part of the golden data that the repository keeps. */
export const keptRoot = fileURLToPath(new URL("fixtures/models", import.meta.url));

/** The whole golden data where it lies beside the clone, else the part that the repository keeps. */
export const goldenRoot = sharedFolder("fixtures/models") ?? keptRoot;

export interface GoldenModel {
  readonly variant: string;
  readonly head: string;
  readonly folder: string;
}

/** Folders `<variant>/<Head>` with a model and recorded cases; those that have `file` where it is given. */
export function goldenModels(root: string = goldenRoot, file = "cases.safetensors"): GoldenModel[] {
  return readdirSync(root)
    .flatMap((variant) =>
      readdirSync(join(root, variant)).map((head) => ({ variant, head, folder: join(root, variant, head) })),
    )
    .filter(({ folder }) => existsSync(join(folder, "cases.safetensors")) && existsSync(join(folder, file)));
}
