import { concatDatasets, DataError, type IndexedDataset, openDataset, type TaskExamples } from "@convbert/trainer";
import { UsageError } from "../errors.js";
import { type DataFlags, flagName, type TrainTask } from "./flags.js";
import { type FormatFlags, formatNameOf, formatOf } from "./formats.js";

/** Files as one data set. Throws UsageError, with file and line where a file is not what it should be. */
export async function openFilesOf<Task extends TrainTask>(
  task: Task,
  files: readonly string[],
  flags: FormatFlags,
  options: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void },
): Promise<IndexedDataset<TaskExamples[Task]>> {
  const datasets: IndexedDataset<TaskExamples[Task]>[] = [];
  try {
    for (const file of files) {
      const format = formatOf(task, file, await formatNameOf(task, file, flags), flags);
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
    throw error instanceof DataError ? asFlags(error, task, flags) : error;
  }
}

/** Flags that name the columns whose usual names these are. */
const COLUMN_FLAGS: Readonly<Record<string, keyof DataFlags>> = {
  text: "textColumn",
  label: "labelColumn",
  tokens: "wordsColumn",
  tags: "tagsColumn",
  question: "questionColumn",
  context: "contextColumn",
  answers: "answersColumn",
  prompt: "promptColumn",
  choices: "choicesColumn",
};

/** The error in the words of the command line. */
function asFlags(error: DataError, task: TrainTask, flags: FormatFlags): UsageError {
  const message = error.message
    .replace(/\((comment|delimiter|labelSeparator)\)/g, (_, name: string) => `(${flagName(name)})`)
    .replace("(wordColumn)", "(--words-column)")
    .replace("(tags)", "(--tags-column)")
    .replace("has the format json (jsonList)", "has --format json")
    .replace('name the encoding "utf-16"', "give --encoding utf-16")
    .replace("name the file's encoding, such as windows-1252", "give --encoding, such as windows-1252")
    .replace("needs the columns' names", "needs --columns");
  const flag = error.code === "missing-field" && error.field !== undefined ? COLUMN_FLAGS[error.field] : undefined;
  if (flag === undefined || flags[flag] !== undefined || message.includes("--delimiter"))
    return new UsageError(message);
  const isByRow = task === "token-classification" && /"Sentence/i.test(message);
  const remedy = isByRow
    ? "for a word a row give --sentence-column, --words-column and --tags-column"
    : `name the column with ${flagName(flag)}`;
  return new UsageError(`${message}; ${remedy}`);
}
