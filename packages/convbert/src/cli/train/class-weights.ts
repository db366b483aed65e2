import { readFile } from "node:fs/promises";
import type { Dataset, LabelSet, TextExample, TokenExample } from "@convbert/trainer";
import { tagShares } from "@convbert/trainer/internal";
import { oneLine, UsageError } from "../errors.js";
import type { TrainFlags } from "./flags.js";

/**
 * What `--class-weights` says each label's loss counts: "balanced" as sklearn's `compute_class_weight`, or a JSON file.
 * @param labels in the model's order.
 * @param labelNames what the model calls them.
 * @returns undefined without the flag.
 */
export async function classWeightsOf(
  { classWeights }: TrainFlags,
  labels: LabelSet,
  labelNames: readonly string[] | undefined,
  dataset: Dataset<TextExample> | Dataset<TokenExample>,
): Promise<number[] | undefined> {
  if (classWeights === undefined) return undefined;
  if (classWeights !== "balanced") return weightsOfFile(classWeights, labels.names, labelNames ?? labels.names);
  const counts = await countsOf(labels, dataset);
  const present = counts.filter((count) => count > 0);
  const total = present.reduce((sum, count) => sum + count, 0);
  // A label of the model that the data has not is never wanted, so that its weight does not matter.
  return counts.map((count) => (count === 0 ? 1 : total / (present.length * count)));
}

async function countsOf(labels: LabelSet, dataset: Dataset<TextExample> | Dataset<TokenExample>): Promise<number[]> {
  const counts = new Array<number>(labels.size).fill(0);
  const count = (label: string | number, example: object, share = 1): void => {
    counts[labels.indexOf(label, example)]! += share;
  };
  for await (const example of dataset as AsyncIterable<TextExample | TokenExample>) {
    if ("words" in example) {
      for (const word of example.tags?.keys() ?? []) {
        for (const [tag, share] of tagShares(example, word)) count(tag, example, share);
      }
    } else if (typeof example.label === "object" && !Array.isArray(example.label)) {
      for (const [name, share] of Object.entries(example.label as Record<string, number>)) count(name, example, share);
    } else if (example.label !== undefined && !Array.isArray(example.label)) {
      count(example.label as string | number, example);
    }
  }
  return counts;
}

async function weightsOfFile(file: string, names: readonly string[], shown: readonly string[]): Promise<number[]> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`cannot read --class-weights ${file}: ${oneLine(error)}`);
  }
  if (typeof json !== "object" || json === null) {
    throw new UsageError(`--class-weights ${file}: give {"label": weight, ...}, or a list in the order of the labels`);
  }
  const byName = Array.isArray(json) ? ofList(json, file, names) : ofObject(json, file, names, shown);
  const wrong = byName.findIndex((weight) => !(typeof weight === "number" && Number.isFinite(weight) && weight >= 0));
  if (wrong >= 0) {
    const value = (JSON.stringify(byName[wrong]) ?? "nothing").slice(0, 200);
    throw new UsageError(`--class-weights ${file}: the weight of "${names[wrong]}" is ${value}, no number from 0 on`);
  }
  if (byName.every((weight) => weight === 0)) throw new UsageError(`--class-weights ${file}: every weight is 0`);
  return byName as number[];
}

function ofList(list: readonly unknown[], file: string, names: readonly string[]): readonly unknown[] {
  if (list.length === names.length) return list;
  throw new UsageError(`--class-weights ${file} has ${list.length} weights for ${names.length} labels`);
}

function ofObject(json: object, file: string, names: readonly string[], shown: readonly string[]): readonly unknown[] {
  const weights = new Map(Object.entries(json));
  const known = new Set([...names, ...shown]);
  const foreign = [...weights.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) {
    const list = names.slice(0, 8).join(", ");
    throw new UsageError(`--class-weights ${file}: "${foreign.slice(0, 200)}" is none of the labels ${list}`);
  }
  return names.map((name, i) => {
    const weight: unknown = weights.get(name) ?? weights.get(shown[i]!);
    if (weight !== undefined) return weight;
    throw new UsageError(`--class-weights ${file} has no weight for the label "${name}"`);
  });
}
