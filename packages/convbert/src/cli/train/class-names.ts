import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { classNamesOf } from "@convbert/trainer";
import type { TrainFlags, TrainTask } from "./flags.js";

/** What `datasets` writes beside the data of a data set. */
const INFO_FILES = ["dataset_info.json", "dataset_infos.json"];

/** Names of the labels that lie beside the data, for data that has their numbers; undefined where there are none. */
export async function classNamesBeside(task: TrainTask, flags: TrainFlags): Promise<readonly string[] | undefined> {
  const column =
    task === "token-classification"
      ? (flags.tagsColumn ?? "tags")
      : task === "text-classification"
        ? (flags.labelColumn ?? "label")
        : undefined;
  if (column === undefined || flags.labelNames !== undefined) return undefined;
  for (const name of INFO_FILES) {
    const info = await readFile(join(dirname(flags.data[0]!), name), "utf8").catch(() => undefined);
    if (info === undefined) continue;
    const names = classNamesOf(parsed(info), column);
    if (names !== undefined) return names;
  }
  return undefined;
}

/** Another program's file of that name is no error. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
