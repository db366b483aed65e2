import type { SentenceLoss } from "@convbert/heads";
import {
  concatDatasets,
  type IndexedDataset,
  openVectors,
  type SentenceExample,
  type TaskSettings,
  withVectors,
} from "@convbert/trainer";
import { UsageError } from "../errors.js";
import { openFilesOf } from "./data.js";
import type { DataFlags, TrainFlags } from "./flags.js";

/** What the flags say of sentence vectors. */
export function sentenceSettings(flags: TrainFlags): TaskSettings["sentence-embedding"] {
  const { pooling, textsAtOnce, measure } = flags;
  return { loss: lossOf(flags), pooling, textsAtOnce, measure };
}

/** Throws UsageError for flags of another loss. */
export function checkSentenceFlags(flags: TrainFlags): void {
  const kind = kindOf(flags);
  const only = [
    ["relations", "regression"],
    ["cosineScale", "pairs"],
    ["margin", "triplets"],
  ] as const;
  for (const [name, loss] of only) {
    if (flags[name] !== undefined && kind !== loss) {
      const flag = name === "cosineScale" ? "cosine-scale" : name;
      throw new UsageError(`--${flag} is for --loss ${loss}, not for ${kind}`);
    }
  }
  if (kind === "regression" && flags.teacher === undefined) {
    throw new UsageError("--loss regression needs --teacher FILE, with a vector for each text");
  }
  if (kind !== "regression" && flags.teacher !== undefined) {
    throw new UsageError(`--teacher is for --loss regression, not for ${kind}`);
  }
  if (kind === "regression" && flags.evalShare !== undefined) {
    throw new UsageError("--eval-share would hold out single texts, which nothing can be measured with; give --eval");
  }
}

function kindOf({ loss, teacher }: TrainFlags): SentenceLoss["kind"] {
  if (loss !== undefined) return loss;
  if (teacher !== undefined) return "regression";
  throw new UsageError("say what sentence-embedding learns: --teacher FILE, or --loss pairs, scores or triplets");
}

function lossOf(flags: TrainFlags): SentenceLoss {
  const { relations, cosineScale, margin } = flags;
  const kind = kindOf(flags);
  switch (kind) {
    case "regression":
      return { kind, ...(relations !== undefined && { relations }) };
    case "pairs":
      return { kind, ...(cosineScale !== undefined && { scale: cosineScale }) };
    case "scores":
      return { kind };
    case "triplets":
      return { kind, ...(margin !== undefined && { margin }) };
  }
}

/** The columns of the examples that are trained on, or of those that are held out to measure. */
export function sentenceColumns(flags: TrainFlags, part: "train" | "held"): Pick<DataFlags, SentenceColumn> {
  const { textColumn, pairColumn = "text_pair", negativeColumn, scoreColumn = "score" } = flags;
  const kind = kindOf(flags);
  const scores = part === "train" ? kind === "scores" : measureOf(flags) === "scores";
  const isSingle = part === "train" && kind === "regression";
  const negative = negativeColumn ?? (kind === "triplets" ? "negative" : undefined);
  return {
    ...(textColumn !== undefined && { textColumn }),
    ...(!isSingle && { pairColumn }),
    ...(part === "train" && negative !== undefined && { negativeColumn: negative }),
    ...(scores && { scoreColumn }),
  };
}

type SentenceColumn = "textColumn" | "pairColumn" | "negativeColumn" | "scoreColumn";

function measureOf(flags: TrainFlags): "scores" | "retrieval" {
  const kind = kindOf(flags);
  return flags.measure ?? (kind === "pairs" || kind === "triplets" ? "retrieval" : "scores");
}

/** Texts with the vectors that a teacher gives them, a file of vectors for each file of texts. Throws UsageError. */
export async function openTaught(
  files: readonly string[],
  teachers: readonly string[],
  flags: Parameters<typeof openFilesOf>[2],
  options: Parameters<typeof openFilesOf>[3],
): Promise<IndexedDataset<SentenceExample>> {
  if (files.length !== teachers.length) {
    throw new UsageError(
      `there are ${files.length} files of texts and ${teachers.length} of vectors; give one for each`,
    );
  }
  const datasets: IndexedDataset<SentenceExample>[] = [];
  try {
    for (const [i, file] of files.entries()) {
      const texts = await openFilesOf("sentence-embedding", [file], flags, options);
      datasets.push(texts);
      const vectors = await openVectors(teachers[i]!);
      if (vectors.rows !== texts.length) {
        await vectors.close();
        throw new UsageError(`${teachers[i]} has ${vectors.rows} vectors, ${file} ${texts.length} texts`);
      }
      datasets[i] = withVectors(texts, vectors);
    }
    return concatDatasets(datasets);
  } catch (error) {
    await Promise.all(datasets.map((dataset) => dataset.close()));
    throw error;
  }
}
