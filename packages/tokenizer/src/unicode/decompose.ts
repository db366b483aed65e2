/**
 * Canonical decomposition as the fast tokenizer's crate has it (Unicode 12). Unicode never changes a decomposition or a
 * combining class once there, so the engine's `normalize` is as good as a table where the pinned sets allow for one.
 */
import { DECOMPOSABLE } from "../generated/decomposable.js";
import { SURVIVING } from "../generated/surviving.js";
import { MARK } from "./classes.js";
import { fastClass } from "./fast-class.js";
import { codePoints, hasClass } from "./marks.js";
import { setOf } from "./runs.js";

const mayDecompose = /* @__PURE__ */ setOf(DECOMPOSABLE);

/** Whether a code point combines, and stays when accents are stripped. */
export const isSurviving: (codePoint: number) => boolean = /* @__PURE__ */ setOf(SURVIVING);

/** The parts of one code point, in order. */
export function decompose(codePoint: number): number[] {
  const isSyllable = codePoint >= 0xac00 && codePoint < 0xd7a4;
  if (!isSyllable && (codePoint < 0xc0 || !mayDecompose(codePoint))) return [codePoint];
  return codePoints(String.fromCodePoint(codePoint).normalize("NFD"));
}

/** The same as the fast tokenizer's crate has it. */
export function isCombining(codePoint: number): boolean {
  return (fastClass(codePoint) === MARK || isSurviving(codePoint)) && hasClass(codePoint);
}
