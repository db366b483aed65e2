import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const shared = fileURLToPath(new URL("../../../../shared/fixtures/models", import.meta.url));
const own = fileURLToPath(new URL("fixtures", import.meta.url));

/** The whole golden data where it lies beside the clone, else the part that the repository keeps. */
export const goldenRoot = existsSync(shared) ? shared : own;

/** Folders `<variant>/<Head>` with a model and recorded cases. */
export function goldenModels(root: string = goldenRoot): { variant: string; head: string; folder: string }[] {
  return readdirSync(root)
    .flatMap((variant) =>
      readdirSync(join(root, variant)).map((head) => ({ variant, head, folder: join(root, variant, head) })),
    )
    .filter(({ folder }) => existsSync(join(folder, "cases.safetensors")));
}
