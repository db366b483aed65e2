import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { sharedFolder } from "../../../tooling/config/machine.ts";

const shared = sharedFolder("fixtures/tokenizer");
const own = fileURLToPath(new URL("./fixtures/", import.meta.url));

export interface Row {
  readonly error?: string;
  readonly [field: string]: unknown;
}

export interface Run {
  readonly options: Record<string, unknown>;
  readonly call: Record<string, unknown>;
  readonly on: "texts" | "pairs";
  readonly count: number;
  readonly slow?: readonly Row[];
  readonly fast?: readonly Row[];
}

export interface Golden {
  readonly texts: readonly string[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly runs: readonly Run[];
}

/** The whole golden set where the workspace's shared folder is, else the repository's own part of it. */
export const hasShared = shared !== undefined;
export const golden: Golden = JSON.parse(readGzip(hasShared ? `${shared}golden.json.gz` : `${own}golden.json.gz`));
export const vocabulary: string = readGzip(`${own}vocab.txt.gz`);

/** What the Rust trainer made of some texts and of the books, see `tooling/reference/tokenizer-trained.py`. */
export interface Trained {
  readonly texts: readonly string[];
  readonly runs: readonly { readonly options: Record<string, unknown>; readonly tokens: readonly string[] }[];
  readonly books: readonly string[];
}

export const readTrained = (): Trained => JSON.parse(readGzip(`${own}trained.json.gz`));

/** A file of the shared fixtures; undefined where they are absent. */
export function sharedText(name: string): string | undefined {
  return shared !== undefined && existsSync(shared + name) ? readFileSync(shared + name, "utf8") : undefined;
}

function readGzip(path: string): string {
  return gunzipSync(readFileSync(path)).toString("utf8");
}
