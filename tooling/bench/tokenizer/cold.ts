/** Times the first tokenizer that a fresh process makes, its import left out. Run by compare.ts: cold.ts NAME FOLDER */
import { contenderKinds, readFiles } from "./contenders.ts";

const [name, folder] = process.argv.slice(2);
const files = readFiles(folder!);
const contender = await contenderKinds[name!]!(files, { python: "" });
console.log(await contender.construct());
