import { FAST_CLASSES } from "../generated/fast-classes.js";
import { type ClassOf, classesOf } from "./classes.js";

/** Class by the crates of the fast tokenizer, each of its own Unicode version. Control: what is assigned only. */
export const fastClass: ClassOf = /* @__PURE__ */ classesOf(FAST_CLASSES);
