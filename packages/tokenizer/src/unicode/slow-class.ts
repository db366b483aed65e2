import { SLOW_CLASSES } from "../generated/slow-classes.js";
import { type ClassOf, classesOf } from "./classes.js";

/**
 * Class by Python's unicodedata, Unicode 14.0, as the slow tokenizer asks for it. Control: Cc, Cf, Cn, Co and Cs except
 * tab and line ends, and U+FFFD; so after cleaning every code point is one that Unicode 14 knows.
 */
export const slowClass: ClassOf = /* @__PURE__ */ classesOf(SLOW_CLASSES);
