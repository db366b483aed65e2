// The check in Node, Bun and Deno: `command.mjs MODE`; one line of JSON on standard output.
import { readFile } from "node:fs/promises";
import { check } from "./check.mjs";

const recorded = JSON.parse(await readFile(new URL("./recorded.json", import.meta.url), "utf8"));
const folder = (name) => new URL(`./node_modules/@convbert/model-${name}/`, import.meta.url);
const sources = Object.fromEntries(Object.keys(recorded).map((name) => [name, folder(name)]));
const lines = await check({
  mode: process.argv[2],
  recorded,
  sources,
  importPackage: () => import("convbert"),
});
console.log(JSON.stringify(lines));
