import type { FilledMask } from "@convbert/pipelines";
import { field, type Run } from "./task.js";

export const runFillMask: Run<"fill-mask"> = async (fill, input, options) => {
  const text = field(input, "text");
  const own = { ...options, top_k: 6, truncation: input["truncate"] === "yes" };
  const filled = await fill(text, own);
  const masks = (Array.isArray(filled[0]) ? filled : [filled]) as FilledMask[][];
  const together = masks.length > 1 ? await fill(text, { ...own, top_k: 3, joint: true }) : null;
  return { masks, together };
};
