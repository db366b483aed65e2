import type { FormatCode } from "../format.js";
import { readOnnx } from "./read.js";

export const code: FormatCode = {
  async open(files, name) {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    return await readOnnx(await files.open(name), (beside) => files.open(folder + beside));
  },
};
