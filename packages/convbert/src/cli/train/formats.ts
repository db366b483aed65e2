import { open } from "node:fs/promises";
import {
  choiceFields,
  conll,
  conllu,
  csv,
  DataError,
  type DataFormat,
  type FieldMapping,
  jsonLines,
  jsonList,
  plainFields,
  plainText,
  questionFields,
  readExamples,
  sentenceFields,
  sentenceTexts,
  squad,
  type TaskExamples,
  textFields,
  tokenFields,
  tokenRows,
  trec,
} from "@convbert/trainer";
import { copa, rte } from "@convbert/trainer/xml";
import { UsageError } from "../errors.js";
import { type DataFlags, FORMATS, type FormatName, flagName, type RecipeFlags, type TrainTask } from "./flags.js";

/** What formats look at. */
export type FormatFlags = DataFlags & Pick<RecipeFlags, "multiLabel" | "regression">;

type Formats = {
  readonly [Task in TrainTask]: {
    /** Those that have a row an example. */
    readonly fields: (flags: FormatFlags) => FieldMapping<TaskExamples[Task]>;
    readonly others: Readonly<Partial<Record<FormatName, (flags: FormatFlags) => DataFormat<TaskExamples[Task]>>>>;
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
        const [wordColumn, tagColumn] = [columnNumber(flags, "wordsColumn"), columnNumber(flags, "tagsColumn")];
        return conll({
          ...(wordColumn !== undefined && { wordColumn }),
          ...(tagColumn !== undefined && { tagColumn }),
          ...(flags.delimiter !== undefined && { separator: flags.delimiter }),
          ...given(flags, ["comment", "encoding"]),
        });
      },
      conllu: (flags) => {
        const tags = columnNumber(flags, "tagsColumn");
        return conllu({ ...(tags !== undefined && { tags }), ...given(flags, ["encoding"]) });
      },
    },
    extensions: { txt: "conll", conllu: "conllu" },
  },
  "question-answering": {
    fields: (flags) => questionFields(given(flags, ["questionColumn", "contextColumn", "answersColumn", "idColumn"])),
    others: { squad: (flags) => squad(flags.skipMisplacedAnswers ? { misplacedAnswers: "skip" } : {}) },
    extensions: { json: "squad" },
  },
  "fill-mask": {
    fields: (flags) => plainFields(given(flags, ["textColumn"])),
    others: {
      text: ({ textUnit, ...flags }) =>
        plainText({ ...(textUnit && { unit: textUnit }), ...given(flags, ["stripGutenberg", "encoding"]) }),
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
      text: ({ textUnit, ...flags }) =>
        sentenceTexts({ ...(textUnit && { unit: textUnit }), ...given(flags, ["stripGutenberg", "encoding"]) }),
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

/** A column of a file whose columns have no names. */
function columnNumber(flags: FormatFlags, name: "wordsColumn" | "tagsColumn"): number | undefined {
  const value = flags[name];
  if (value === undefined) return undefined;
  if (Number.isInteger(Number(value))) return Number(value);
  throw new UsageError(`${flagName(name)}: columns of CoNLL files are numbers from 0 on, -1 for the last`);
}

/** Which format a file has: by `--format`, else by its extension; ".json" may be a list, or an object a line. */
export async function formatNameOf(task: TrainTask, file: string, flags: FormatFlags): Promise<FormatName> {
  if (flags.format !== undefined) return flags.format;
  const known = { ...EXTENSIONS, ...TASK_FORMATS[task].extensions };
  const extension = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
  const name = Object.hasOwn(known, extension) ? known[extension]! : undefined;
  if (name === undefined) {
    await checkIsText(file);
    throw new UsageError(`${file}: what format is it? Give --format, one of ${FORMATS.join(", ")}`);
  }
  return extension === "json" ? jsonKindOf(file, name) : name;
}

/** Throws DataError for a file that is none of text, as for Parquet. */
async function checkIsText(file: string): Promise<void> {
  try {
    for await (const _ of readExamples(file, plainText({ unit: "line", encoding: "latin-1" }))) return;
  } catch (error) {
    if (error instanceof DataError && error.code === "invalid-encoding") throw new UsageError(error.message);
  }
}

/** Bytes of a file that tell what it is. */
const HEAD = 1 << 16;

/** What a ".json" file is, by how it begins: `standard` where nothing tells. */
async function jsonKindOf(path: string, standard: FormatName): Promise<FormatName> {
  const file = await open(path, "r").catch(() => undefined);
  // Opening it as data says why it cannot be read.
  if (file === undefined) return standard;
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD), 0, HEAD, 0);
    const head = new TextDecoder().decode(buffer.subarray(0, bytesRead)).trimStart();
    if (head.startsWith("[")) return "json";
    const isWrapped = /^\{\s*("version"\s*:\s*"[^"]*"\s*,\s*)?"(data|rows|examples)"\s*:\s*\[/.test(head);
    // An object that ends on another line than it began on is a document.
    const isDocument = /^\{\s*\n/.test(head);
    return standard !== "squad" && (isWrapped || isDocument) ? "json" : standard;
  } finally {
    await file.close();
  }
}

/** Flags that only some formats have. */
const FORMAT_FLAGS = {
  columns: ["csv", "tsv"],
  sentenceColumn: ["csv", "tsv"],
  delimiter: ["csv", "tsv", "conll"],
  comment: ["csv", "tsv", "jsonl", "conll"],
  encoding: ["csv", "tsv", "jsonl", "conll", "conllu", "text"],
} as const satisfies Partial<Record<keyof DataFlags, readonly FormatName[]>>;

/** Throws UsageError for flags that none of the files' formats has. */
export function checkFormatFlags(formats: readonly FormatName[], flags: FormatFlags): void {
  for (const [name, fitting] of Object.entries(FORMAT_FLAGS)) {
    if (flags[name as keyof DataFlags] === undefined) continue;
    if (formats.some((format) => (fitting as readonly string[]).includes(format))) continue;
    throw new UsageError(`${flagName(name)} is for ${fitting.join(", ")}, not for ${[...new Set(formats)].join(", ")}`);
  }
}

/** How a file of a format is read for a task. Throws UsageError. */
export function formatOf<Task extends TrainTask>(
  task: Task,
  file: string,
  name: FormatName,
  flags: FormatFlags,
): DataFormat<TaskExamples[Task]> {
  const { fields, others } = TASK_FORMATS[task];
  switch (name) {
    case "jsonl":
      return jsonLines(fields(flags), given(flags, ["comment", "encoding"]));
    case "json":
      return jsonList(fields(flags));
    case "csv":
    case "tsv": {
      const options = {
        ...(name === "tsv" && { delimiter: "\t" }),
        ...given(flags, ["delimiter", "columns", "comment", "encoding"]),
      };
      if (flags.sentenceColumn === undefined) return csv(fields(flags), options);
      const { wordsColumn: wordColumn, tagsColumn: tagColumn, sentenceColumn } = flags;
      const rows = { ...options, sentenceColumn, ...(wordColumn && { wordColumn }), ...(tagColumn && { tagColumn }) };
      // Only the task of tags has that flag.
      return tokenRows(rows) as DataFormat<TaskExamples["token-classification"]> as unknown as DataFormat<
        TaskExamples[Task]
      >;
    }
    default: {
      const known = others[name];
      if (known) return known(flags);
      const fitting = ["jsonl", "json", "csv", "tsv", ...Object.keys(others)].join(", ");
      throw new UsageError(`${file}: ${task} does not read ${name}; choose one of ${fitting}`);
    }
  }
}
