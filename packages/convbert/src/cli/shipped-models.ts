import { existsSync } from "node:fs";
import { closest, distance } from "fastest-levenshtein";
import { EMBEDDED_MODELS, embeddedModel } from "../embedded.js";
import { UsageError } from "./errors.js";

/** How arguments that name a model are explained in helps. */
export const MODEL_FORM = "folder, URL, hub id, or the name of a model that comes with the package";

/** Models that have to be asked for by name, for tasks that no model answers by default. */
const BY_NAME: Readonly<Record<string, (typeof EMBEDDED_MODELS)[number]>> = {
  "multiple-choice": "plausible-alternatives",
  "question-answering": "extractive-answers",
};

/**
 * The model that answers a task when none is named.
 * @throws UsageError where there is none.
 */
export function defaultModel(task: string): URL {
  const source = embeddedModel(task);
  if (source !== undefined) return source;
  const named = Object.hasOwn(BY_NAME, task) ? `, as --model ${BY_NAME[task]}` : "";
  throw new UsageError(`no model for ${task} comes with this package as the default; name one with --model${named}`);
}

/**
 * Where the model is that a person named: one of this package, or what they wrote. A word that nearly is the name of one of
 * this package is taken for a slip, unless there is a folder of that name.
 * @throws UsageError with the name that was meant, and all names.
 */
export function modelSource(named: string): string | URL {
  const shipped = embeddedModel(named);
  if (shipped !== undefined) return shipped;
  // Hub ids have an owner, addresses and paths have slashes too.
  if (/[/\\]/.test(named) || named.startsWith(".") || existsSync(named)) return named;
  const name = named.toLowerCase().replaceAll("_", "-");
  const meant = closest(name, EMBEDDED_MODELS);
  const isNear = distance(name, meant) <= Math.max(2, Math.floor(meant.length / 3));
  throw new UsageError(
    `there is no folder "${named}", and no model of that name comes with this package; ` +
      `${isNear ? `did you mean ${meant}? ` : ""}There are ${EMBEDDED_MODELS.join(", ")}; hub ids are written owner/name`,
  );
}
