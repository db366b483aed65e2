import {
  choiceFields,
  concatDatasets,
  conll,
  csv,
  type DataFormat,
  type FieldMapping,
  type IndexedDataset,
  jsonLines,
  openDataset,
  plainFields,
  plainText,
  questionFields,
  sentenceFields,
  sentenceTexts,
  squad,
  type TaskExamples,
  textFields,
  tokenFields,
  trec,
  tsv,
} from "@convbert/trainer";
import { copa, rte } from "@convbert/trainer/xml";
import { UsageError } from "../failure.js";
import { type DataFlags, FORMATS, type FormatName, flagName, type RecipeFlags, type TrainTask } from "./flags.js";

type Flags = DataFlags & Pick<RecipeFlags, "multiLabel" | "regression">;

type Formats = {
  readonly [Task in TrainTask]: {
    /** Those that have a row an example. */
    readonly fields: (flags: Flags) => FieldMapping<TaskExamples[Task]>;
    readonly others: Readonly<Partial<Record<FormatName, (flags: Flags) => DataFormat<TaskExamples[Task]>>>>;
    /** What ".txt", ".json" and ".xml" mean. */
    readonly extensions: Readonly<Record<string, FormatName>>;
  };
};

const TASK_FORMATS: Formats = {
  "text-classification": {
    fields: (flags) =>
      textFields({
        ...given(flags, ["textColumn", "pairColumn", "labelColumn", "labelColumns", "labelSeparator"]),
        ...(flags.regression && { labelType: "number" as const }),
      }),
    others: { trec: ({ fineLabels }) => trec(fineLabels ? "fine" : "coarse"), rte },
    extensions: { xml: "rte" },
  },
  "token-classification": {
    fields: (flags) => tokenFields(given(flags, ["wordsColumn", "tagsColumn"])),
    others: {
      conll: (flags) => {
        const column = (name: "wordsColumn" | "tagsColumn", standard: number): number => {
          const number = Number(flags[name] ?? standard);
          if (Number.isInteger(number)) return number;
          throw new UsageError(`${flagName(name)}: columns of CoNLL files are numbers from 0 on, -1 for the last`);
        };
        const { encoding } = flags;
        return conll({
          wordColumn: column("wordsColumn", 0),
          tagColumn: column("tagsColumn", -1),
          ...(encoding && { encoding }),
        });
      },
    },
    extensions: { txt: "conll" },
  },
  "question-answering": {
    fields: (flags) => questionFields(given(flags, ["questionColumn", "contextColumn", "answersColumn", "idColumn"])),
    others: { squad: (flags) => squad(flags.skipMisplacedAnswers ? { misplacedAnswers: "skip" } : {}) },
    extensions: { json: "squad" },
  },
  "fill-mask": {
    fields: (flags) => plainFields(given(flags, ["textColumn"])),
    others: {
      text: ({ textUnit, stripGutenberg, encoding }) =>
        plainText({
          ...(textUnit && { unit: textUnit }),
          ...(stripGutenberg && { stripGutenberg }),
          ...(encoding && { encoding }),
        }),
    },
    extensions: { txt: "text" },
  },
  "multiple-choice": {
    fields: (flags) =>
      choiceFields(given(flags, ["promptColumn", "choicesColumn", "choiceColumns", "labelColumn", "firstLabel"])),
    others: { copa: () => copa() },
    extensions: { xml: "copa" },
  },
  "sentence-embedding": {
    fields: (flags) => sentenceFields(given(flags, ["textColumn", "pairColumn", "negativeColumn", "scoreColumn"])),
    others: {
      text: ({ textUnit, stripGutenberg, encoding }) =>
        sentenceTexts({
          ...(textUnit && { unit: textUnit }),
          ...(stripGutenberg && { stripGutenberg }),
          ...(encoding && { encoding }),
        }),
    },
    extensions: { txt: "text" },
  },
};

const EXTENSIONS: Readonly<Record<string, FormatName>> = {
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "jsonl",
  csv: "csv",
  tsv: "tsv",
  conll: "conll",
  bio: "conll",
  iob: "conll",
};

/** Those of the flags that are set. */
function given<Name extends keyof DataFlags>(flags: DataFlags, names: readonly Name[]): Partial<Pick<DataFlags, Name>> {
  return Object.fromEntries(
    names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  ) as Partial<Pick<DataFlags, Name>>;
}

function formatOf<Task extends TrainTask>(task: Task, file: string, flags: Flags): DataFormat<TaskExamples[Task]> {
  const { fields, others, extensions } = TASK_FORMATS[task];
  const known = { ...EXTENSIONS, ...extensions };
  const extension = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
  const name = flags.format ?? (Object.hasOwn(known, extension) ? known[extension] : undefined);
  if (name === undefined) {
    throw new UsageError(`${file}: what format is it? Give --format, one of ${FORMATS.join(", ")}`);
  }
  const delimited = {
    ...(flags.columns && { columns: flags.columns }),
    ...(flags.encoding && { encoding: flags.encoding }),
  };
  switch (name) {
    case "jsonl":
      return jsonLines(fields(flags));
    case "csv":
      return csv(fields(flags), delimited);
    case "tsv":
      return tsv(fields(flags), delimited);
    default: {
      const open = others[name];
      if (open) return open(flags);
      const fitting = ["jsonl", "csv", "tsv", ...Object.keys(others)].join(", ");
      throw new UsageError(`${file}: ${task} does not read ${name}; choose one of ${fitting}`);
    }
  }
}

/** Files as one data set. Throws UsageError, and DataError with file and line. */
export async function openFilesOf<Task extends TrainTask>(
  task: Task,
  files: readonly string[],
  flags: Flags,
  options: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void },
): Promise<IndexedDataset<TaskExamples[Task]>> {
  const datasets: IndexedDataset<TaskExamples[Task]>[] = [];
  try {
    for (const file of files) {
      const format = formatOf(task, file, flags);
      datasets.push(
        await openDataset(file, format, {
          signal: options.signal,
          ...(flags.stream && { keep: "file" as const }),
          onProgress: (examples) => options.onProgress(`reading ${file}  ${examples} examples`),
        }),
      );
    }
    const all = concatDatasets(datasets);
    if (all.length === 0) throw new UsageError(`there are no examples in ${files.join(", ")}`);
    return all;
  } catch (error) {
    await Promise.all(datasets.map((dataset) => dataset.close()));
    throw error;
  }
}
