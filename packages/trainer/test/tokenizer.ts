import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";

const path = fileURLToPath(new URL("../../tokenizer/test/fixtures/vocab.txt.gz", import.meta.url));
const vocabulary = gunzipSync(readFileSync(path)).toString("utf8");

/** The tokenizer of the published models. */
export const right = new ConvBertTokenizerFast(vocabulary);
/** The same, padding on the left. */
export const left = new ConvBertTokenizerFast(vocabulary, { padding_side: "left" });
