import { WORDS } from "../generated/words.js";
import { setOf } from "./runs.js";

/** Whether a code point is one of a word, by the regular expressions of the fast tokenizer's crate. */
export const isRustWord: (codePoint: number) => boolean = /* @__PURE__ */ setOf(WORDS);
