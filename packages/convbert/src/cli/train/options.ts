import { ENTITY_SCHEMES, SCHEDULE_NAMES, type TextEncoding } from "@convbert/trainer";
import { type Command, InvalidArgumentError, Option } from "commander";
import { names, positiveNumber, wholeNumber, withModelFlags } from "../model-options.js";
import { MODEL_FORM } from "../shipped-models.js";
import { FORMATS, TRAIN_TASKS } from "./flags.js";

const HELP = `
Without --model a small model is made anew: hidden size 128, 3 layers, 4.3 million numbers with the vocabulary of the
published models. Each shape has a flag, or give --config FILE.

Files: the format follows the extension (.jsonl .json .csv .tsv .conll .conllu .txt .xml) unless --format says it. Flags
that take a file may be given several times. CSV and TSV need a header line or --columns. Cells may hold lists as JSON, Python
and numpy write them. Several labels (--multi-label) are lists of names, or of 0 and 1 by position. A text may say how
likely each class is, {"label": {"good": 0.9, "bad": 0.1}}, as a teacher does, and so may each word,
{"tokens": ["Ada", "spoke"], "tags": [{"B-PER": 0.9, "O": 0.1}, "O"]}: the loss is that of soft labels. Names of labels that are
numbers come from dataset_info.json beside the data, or from --label-names. A tag or label of -100 is none.

The output folder gets the model with its tokenizer, README.md (a model card), report.html (curves), metrics.json and
training-log.jsonl (a line for each step). One process at a time has it, and no file is replaced that the run has not
written, unless --overwrite says so. Ctrl-C and SIGTERM keep a checkpoint; the same command with --resume goes on, bit for
bit as if nothing had happened, even after the process was killed. With more --epochs or --steps it extends a finished run.

Examples:
  convbert train text-classification --data train.csv --eval dev.csv --output model
  convbert train text-classification --data train.tsv --columns text,label --eval-share 0.1 --output model
  convbert train token-classification --model DIR --data train.conll --eval dev.conll --test test.conll --output model
  convbert train question-answering --model DIR --data train.json --eval dev.json --output model
  convbert train fill-mask --data book.txt --eval-share 0.05 --mask-unit word --output model
  convbert train multiple-choice --model DIR --data train.jsonl --eval dev.jsonl --output model
  convbert train sentence-embedding --data texts.txt --teacher vectors.safetensors --eval pairs.csv --output model
  convbert train sentence-embedding --loss pairs --data questions-passages.jsonl --eval-share 0.1 --output model`;

/** Arguments, options and help of `convbert train`. */
export function addTrainOptions(command: Command): Command {
  command
    .description("train a model: new, or from a checkpoint")
    .argument("<task>", `one of ${TRAIN_TASKS.join(", ")}`)
    .requiredOption("--data <file>", "examples to learn from", collect)
    .option("--teacher <file>", "safetensors with a vector for each text of --data, one for each file", collect)
    .option("--eval <file>", "examples that choose the best weights", collect)
    .option("--eval-share <share>", "hold out this share of the data, its end, in place of --eval", share)
    .option("--test <file>", "examples that the finished model is measured with, once", collect)
    .requiredOption("--output <folder>", "where the model goes")
    .option("--overwrite", "begin anew: replace an earlier run, or files of the same names")
    .option("--resume", "go on with an interrupted run, or a finished one for more --epochs")
    .option("--model <source>", `start from this one: ${MODEL_FORM}`)
    .option("--json", "events on standard output, a JSON object a line");
  dataOptions(command);
  modelOptions(command);
  recipeOptions(command);
  withModelFlags(command, { dtype: false });
  return command.addHelpText("after", HELP);
}

function dataOptions(command: Command): void {
  command
    .addOption(new Option("--format <name>", "of all files").choices(FORMATS))
    .option("--columns <list>", "names of the columns, for files without a header line", names)
    .option(
      "--encoding <name>",
      "of text files: utf-8, the default, latin-1, windows-1252 (or cp1252), utf-16",
      encoding,
    )
    .option(
      "--delimiter <text>",
      'between columns; "," in CSV, a tab in TSV, any space in conll; "tab" is one',
      delimiter,
    )
    .option("--comment <text>", 'what lines of comments begin with; "" where a line that begins with # is none')
    .option("--stream", "keep files on disk and read each example when it is needed")
    .option("--text-column <name>", '"text" by default')
    .option("--pair-column <name>", "second text of a pair; none by default")
    .option("--label-column <name>", '"label" by default')
    .option("--negative-column <name>", 'third text, unlike the first; none by default, "negative" for triplets')
    .option("--score-column <name>", 'how alike two texts are; "score" by default')
    .option("--label-columns <list>", "a column of 0 and 1 for each label (--multi-label)", names)
    .option("--label-separator <text>", "between the labels of one cell (--multi-label)")
    .option("--words-column <name>", '"tokens" by default; for conll a number, 0 by default')
    .option("--sentence-column <name>", "CSV with a word a row: the column that counts the sentences")
    .option("--tags-column <name>", '"tags" by default; for conll a number, -1, the last, by default')
    .option("--question-column <name>", '"question" by default')
    .option("--context-column <name>", '"context" by default')
    .option("--answers-column <name>", '"answers" by default')
    .option("--id-column <name>", '"id" by default')
    .option("--prompt-column <name>", '"prompt" by default')
    .option("--choices-column <name>", '"choices" by default, a list')
    .option("--choice-columns <list>", "a column for each choice", names)
    .option("--first-label <number>", "what the first choice is called; 0 by default", wholeNumber(0))
    .option("--fine-labels", "all fifty classes of the trec format, not the six")
    .addOption(new Option("--text-unit <unit>", "what parts plain text").choices(["line", "paragraph"]))
    .option("--strip-gutenberg", "leave out header and footer of Project Gutenberg books")
    .option("--skip-misplaced-answers", "leave out answers that do not stand where the file says");
}

function modelOptions(command: Command): void {
  command
    .option("--new", "make a new model (the default without --model)")
    .option("--config <file>", "config.json of a new model")
    .option("--vocab <file>", "vocab.txt of a new model")
    .option("--tokenizer <source>", `tokenizer of a new model: ${MODEL_FORM}`)
    .option("--cased", "keep upper case and accents")
    .option("--hidden-size <count>", "128 by default", wholeNumber(1))
    .option("--embedding-size <count>", "128 by default", wholeNumber(1))
    .option("--layers <count>", "3 by default", wholeNumber(1))
    .option("--heads <count>", "before the reduction by the head ratio; 4 by default", wholeNumber(1))
    .option("--head-ratio <count>", "2 by default", wholeNumber(1))
    .option("--intermediate-size <count>", "256 by default", wholeNumber(1))
    .option("--kernel-size <count>", "9 by default", wholeNumber(1))
    .option("--groups <count>", "of the feed-forward's linear maps; 1 by default", wholeNumber(1))
    .option("--max-positions <count>", "longest row of the new model; 512 by default", wholeNumber(8))
    .option(
      "--init-embeddings <file>",
      "start the word embeddings from those of a BERT-family safetensors file with the same vocabulary",
    );
}

function recipeOptions(command: Command): void {
  command
    .option("--multi-label", "a text may have several labels, or none")
    .option("--regression", "labels are numbers")
    .option(
      "--label-names <list>",
      "names for the labels of the data: by number where they are numbers from 0 on, else in their sorted order",
      names,
    )
    .option("--label-all-tokens", "further tokens of a word have labels too")
    .addOption(
      new Option("--scheme <name>", "count entities by this strict scheme; by default as conlleval does").choices(
        ENTITY_SCHEMES,
      ),
    )
    .addOption(
      new Option(
        "--score-by <unit>",
        "count whole entities, or each word; by default words only where a tag has no B-, I- or the like",
      ).choices(["entity", "word"]),
    )
    .option("--class-weights <weights>", '"balanced", or a JSON file: how much the loss of each label counts')
    .option("--allow-no-answer", "questions may have no answer (SQuAD 2.0); else one that has none is an error")
    .option("--skip-unanswered", "leave out questions that have no answer")
    .option("--stride <tokens>", "overlap of windows (question-answering)", wholeNumber(0))
    .option("--max-question-length <tokens>", "longer questions are cut", wholeNumber(1))
    .addOption(new Option("--mask-unit <unit>", "what is masked; tokens by default").choices(["token", "word"]))
    .option("--mask-probability <share>", "0.15 by default", share)
    .addOption(
      new Option("--loss <kind>", "of sentence vectors; regression with --teacher").choices([
        "regression",
        "pairs",
        "scores",
        "triplets",
      ]),
    )
    .addOption(new Option("--pooling <kind>", "of tokens; mean by default").choices(["mean", "first", "max"]))
    .option("--relations <weight>", "of the vectors' products with each other (regression); 0 by default", notNegative)
    .option("--cosine-scale <factor>", "of the cosines before the softmax (pairs); 20 by default", positiveNumber)
    .option("--margin <amount>", "between the cosines (triplets); 0.5 by default", notNegative)
    .option("--texts-at-once <count>", "texts that need memory at a time, however many a batch has", wholeNumber(1))
    .addOption(
      new Option("--measure <kind>", "how held-out pairs are measured; as fits the loss").choices([
        "scores",
        "retrieval",
      ]),
    )
    .option("--epochs <count>", "8 for new models, 3 for others", wholeNumber(1))
    .option("--steps <count>", "in place of epochs", wholeNumber(1))
    .option("--batch-size <count>", "32 by default", wholeNumber(1))
    .option(
      "--token-budget <tokens>",
      "in place of a batch size: as many examples as fit, each as long as the longest",
      wholeNumber(1),
    )
    .option("--group-by-length", "make batches of examples that are about as long as each other")
    .option("--accumulate <count>", "batches of a step; 1 by default", wholeNumber(1))
    .option("--lr <rate>", "5e-4 for new models, 3e-4 for pretrained ones, 1e-4 for those of base size", positiveNumber)
    .addOption(new Option("--schedule <name>", "linear by default").choices(SCHEDULE_NAMES))
    .option("--warmup <amount>", "steps, or a share of them when below 1; 0.1 by default", notNegative)
    .option("--power <number>", "of the polynomial schedule; 1 by default", positiveNumber)
    .option("--plateau-patience <count>", "evaluations before the rate falls; 10 by default", wholeNumber(0))
    .option("--plateau-factor <factor>", "what the rate falls to; 0.1 by default", share)
    .addOption(new Option("--optimizer <name>", "adamw by default").choices(["adamw", "adam", "sgd", "adafactor"]))
    .option("--weight-decay <amount>", "0.01 by default", notNegative)
    .option("--layer-decay <factor>", "rate of each layer against the next; 0.8 for pretrained models, else 1", share)
    .option("--freeze <pattern>", "weights that stay, as convbert.embeddings.*", collect)
    .option("--dropout <rate>", "that of the configuration by default", notNegative)
    .option("--label-smoothing <amount>", "0 by default", notNegative)
    .option("--max-gradient-norm <length>", "1 by default, 0 for no limit", notNegative)
    .option("--max-length <tokens>", "longest row; 128 by default, 384 for questions", wholeNumber(8))
    .option("--unpadded", "train and measure each text as if it were alone, as the pipelines run it")
    .option("--checkpointing", "compute layers twice to save memory")
    .option("--seed <number>", "of new weights, order, dropout and masks; 0 by default", wholeNumber(0))
    .option("--evaluate-every <interval>", '"epoch", the default, or a number of steps', interval)
    .option("--eval-batch-size <count>", "32 by default", wholeNumber(1))
    .option("--metric <name>", "the one that chooses the best weights")
    .option("--patience <count>", "stop after so many evaluations without a better score", wholeNumber(1))
    .option("--keep-last", "end with the last weights, not the best")
    .option("--checkpoint-every <interval>", '"epoch", the default, or a number of steps', interval)
    .option("--keep-checkpoints", "leave the newest and the best checkpoint when all is done, the default")
    .option("--no-keep-checkpoints", "remove them: the run can then not be extended")
    .addOption(
      new Option("--save-dtype <type>", "of the saved weights; float32 by default").choices([
        "float32",
        "float16",
        "bfloat16",
        "int8",
      ]),
    )
    .option("--dataset-name <name>", "of the data, for the card")
    .option("--terms <text>", "of the data, for the card")
    .option("--license <name>", "of the model, for the card, as apache-2.0")
    .option("--language <code>", "of the data, for the card; en by default");
}

const ENCODINGS: Readonly<Record<string, TextEncoding>> = {
  "utf-8": "utf-8",
  "latin-1": "latin-1",
  "windows-1252": "windows-1252",
  cp1252: "windows-1252",
  "utf-16": "utf-16",
};

function encoding(value: string): TextEncoding {
  const name = value
    .toLowerCase()
    .replace(/^utf(?=8|16)/, "utf-")
    .replace("latin1", "latin-1");
  if (Object.hasOwn(ENCODINGS, name)) return ENCODINGS[name]!;
  throw new InvalidArgumentError(`Choose one of ${Object.keys(ENCODINGS).join(", ")}.`);
}

function delimiter(value: string): string {
  const text = /^(tab|\\t)$/i.test(value) ? "\t" : value;
  if (text === "" || /["\r\n]/.test(text))
    throw new InvalidArgumentError('Give what stands between columns, such as ";".');
  return text;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function share(value: string): number {
  const number = positiveNumber(value);
  if (number > 1) throw new InvalidArgumentError("Give a number above 0 and up to 1.");
  return number;
}

function notNegative(value: string): number {
  return Number(value) === 0 && value.trim() !== "" ? 0 : positiveNumber(value);
}

function interval(value: string): "epoch" | number {
  return value === "epoch" ? value : wholeNumber(1)(value);
}
