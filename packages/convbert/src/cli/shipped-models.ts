import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { closest, distance } from "fastest-levenshtein";
import {
  installedModel,
  ModelNotInstalledError,
  modelNamed,
  modelPackage,
  SMALL_MODELS,
  type SmallModel,
} from "../models.js";
import { UsageError } from "./errors.js";

/** How arguments that name a model are explained in helps. */
export const MODEL_FORM = "folder, URL, hub id, or the name of a model of ours (convbert models)";

export const MODEL_NAMES = Object.keys(SMALL_MODELS) as SmallModel[];

/**
 * Where a model of ours is installed: in the project that the command is used in, or beside this package.
 * @throws ModelNotInstalledError
 */
export function shippedModel(name: SmallModel): URL {
  const here = createRequire(join(process.cwd(), "package.json"));
  try {
    return new URL("./", pathToFileURL(here.resolve(`${modelPackage(name)}/config.json`)));
  } catch {
    return installedModel(name);
  }
}

/**
 * The model that answers a task when none is named.
 * @throws UsageError where there is none.
 */
export function defaultModel(task: string): URL {
  const name = modelNamed(task);
  if (name !== undefined) return shippedModel(name);
  throw new UsageError(`no model of ours does ${task}; name one that was trained for it with --model`);
}

/**
 * A model of ours that is installed, whichever, for its vocabulary: all have the same.
 * @throws UsageError where none is.
 */
export function anyModel(otherwise: string): URL {
  for (const name of MODEL_NAMES) {
    try {
      return shippedModel(name);
    } catch (error) {
      if (!(error instanceof ModelNotInstalledError)) throw error;
    }
  }
  const [first] = MODEL_NAMES;
  throw new UsageError(
    `no model of ours is installed that the vocabulary could be taken from: ${otherwise}, or npm install ${modelPackage(first!)}`,
  );
}

/**
 * Where the model is that a person named: one of ours, or what they wrote. A word that nearly is the name of one of
 * ours is taken for a slip, unless there is a folder of that name.
 * @throws UsageError with the name that was meant, and all names; ModelNotInstalledError.
 */
export function modelSource(named: string): string | URL {
  const shipped = modelNamed(named);
  if (shipped !== undefined) return shippedModel(shipped);
  // Hub ids have an owner, addresses and paths have slashes too.
  if (/[/\\]/.test(named) || named.startsWith(".") || existsSync(named)) return named;
  const name = named.toLowerCase().replaceAll("_", "-");
  const meant = closest(name, MODEL_NAMES);
  const isNear = distance(name, meant) <= Math.max(2, Math.floor(meant.length / 3));
  throw new UsageError(
    `there is no folder "${named}", and no model of ours has that name; ` +
      `${isNear ? `did you mean ${meant}? ` : ""}There are ${MODEL_NAMES.join(", ")}; hub ids are written owner/name`,
  );
}
