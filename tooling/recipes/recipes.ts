import { chunkingFiles, type Extras, entitiesFiles, type Files, questionFiles, sentimentFiles } from "./files.ts";

/** How a model is trained, those of packages/models and others: `convbert train TASK ...` with these options. */
export interface Recipe {
  readonly task: string;
  /** Relative to the data folder; the first is for training. */
  readonly data?: readonly string[];
  /** Chooses the best weights. */
  readonly eval?: readonly string[];
  /** Measures the result, once. */
  readonly test?: readonly string[];
  /** Files made of the data folder's, in place of those. */
  readonly files?: (data: string, folder: string, extras: Extras) => Files;
  readonly options: readonly string[];
  /** The recipe whose model training goes on from, or "sentence-encoder"; without it a new one is made. */
  readonly from?: string;
  /** Text from which questions are made (cloze.ts), to train on instead of those of `data`. */
  readonly cloze?: readonly string[];
  /** False for what is no package: a step on the way to another model, or one that does too little for anybody to use it. */
  readonly shipped?: false;
  readonly seed: number;
  readonly dataset: string;
  readonly terms: string;
  readonly license: string;
}

/** New models are small. */
export const NEW: readonly string[] = [
  ...["--hidden-size", "128", "--embedding-size", "128", "--layers", "3", "--heads", "4", "--intermediate-size", "256"],
];

/** Each text is trained at its own length, as the pipelines run it. */
export const COMMON: readonly string[] = [
  ...["--batch-size", "32", "--lr", "5e-4", "--warmup", "0.1", "--weight-decay", "0.01"],
  ...["--unpadded", "--language", "en"],
];

/** From the encoder: rates fall from layer to layer, as its lower ones know most already. */
const TUNED = ["--lr", "5e-4", "--layer-decay", "0.9", "--dropout", "0.1"];

/**
 * Word embeddings of an open encoder that stay as they are: words that the training data lacks keep their place among those
 * that it has. README.md tells what this and more dropout gain.
 */
const FROZEN = ["--freeze", "convbert.embeddings.word_embeddings.*", "--dropout", "0.2"];
const ANSWERS = ["--max-length", "256", "--stride", "64", "--keep-last"];
const SMOOTH = ["--label-smoothing", "0.1"];

const BOOKS = [
  "books/a-tale-of-two-cities.txt",
  "books/alice-in-wonderland.txt",
  "books/great-expectations.txt",
  "books/huckleberry-finn.txt",
  "books/pride-and-prejudice.txt",
  "books/war-and-peace.txt",
];

export const RECIPES: Readonly<Record<string, Recipe>> = {
  "question-classification": {
    task: "text-classification",
    files: questionFiles,
    options: ["--epochs", "3", "--keep-last", ...TUNED],
    from: "sentence-encoder",
    seed: 0,
    dataset:
      "TREC question classification, 6 coarse classes (Li and Roth 2002), 4,881 questions to train, 545 to choose, 500 to test; 25,000 questions labelled by a teacher",
    terms: "The data is for research use.",
    license: "other",
  },
  sentiment: {
    task: "text-classification",
    files: sentimentFiles,
    options: ["--epochs", "2", "--batch-size", "64", "--keep-last", ...TUNED, "--lr", "6e-4"],
    from: "sentence-encoder",
    seed: 0,
    dataset:
      "Stanford Sentiment Treebank, 6,920 sentences to train, 872 to choose, 1,821 to test; 178,000 texts labelled by a teacher",
    terms: "The data is for research use.",
    license: "other",
  },
  entities: {
    task: "token-classification",
    files: entitiesFiles,
    options: ["--label-all-tokens", "--epochs", "3", "--keep-last", ...TUNED, "--lr", "6e-4"],
    from: "sentence-encoder",
    seed: 0,
    dataset:
      "Broad Twitter Corpus, wikigold and WNUT 2017, with their labels joined; 64,000 sentences tagged by a teacher",
    terms: "The data is under CC BY 4.0 (Derczynski et al. 2016, 2017; Balasuriya et al. 2009).",
    license: "cc-by-4.0",
  },
  "entities-wnut": {
    task: "token-classification",
    data: ["wnut17/train.conll"],
    eval: ["wnut17/dev.conll"],
    test: ["wnut17/test.conll"],
    options: ["--format", "conll", "--label-all-tokens", "--epochs", "3", "--keep-last", ...TUNED, "--lr", "3e-4"],
    from: "entities",
    shipped: false,
    seed: 0,
    dataset: "WNUT 2017, its own six labels, 3,394 messages to train, 1,287 to test",
    terms: "The data is under CC BY 4.0 (Derczynski et al. 2017).",
    license: "cc-by-4.0",
  },
  chunking: {
    task: "token-classification",
    files: chunkingFiles,
    options: ["--epochs", "4", "--keep-last", ...TUNED],
    from: "sentence-encoder",
    seed: 0,
    dataset:
      "CoNLL-2000 chunking (Wall Street Journal), 8,042 sentences to train, 894 to choose, 2,012 to test; 33,000 sentences tagged by a teacher",
    terms: "The data is for research use.",
    license: "other",
  },
  "plausible-alternatives": {
    task: "multiple-choice",
    data: ["copa/copa-dev.xml"],
    test: ["copa/copa-test.xml"],
    options: ["--format", "copa", "--epochs", "10", "--keep-last", ...FROZEN, ...SMOOTH],
    shipped: false,
    seed: 0,
    dataset: "COPA, choice of plausible alternatives, 500 questions to train, 500 to test",
    terms: "The data is under the BSD 2-clause licence (Roemmele, Bejan and Gordon 2011).",
    license: "bsd-2-clause",
  },
  "masked-words": {
    task: "fill-mask",
    data: BOOKS,
    test: ["books/sherlock-holmes.txt"],
    options: [
      "--text-unit",
      "paragraph",
      "--strip-gutenberg",
      "--epochs",
      "4",
      "--mask-unit",
      "word",
      "--lr",
      "1e-3",
      "--dropout",
      "0",
      "--keep-last",
    ],
    shipped: false,
    seed: 0,
    dataset: "six books of Project Gutenberg to train, The Adventures of Sherlock Holmes to test",
    terms: "The books are in the public domain in the United States.",
    license: "apache-2.0",
  },
  "cloze-answers": {
    task: "question-answering",
    data: ["xquad/xquad.en.json"],
    cloze: BOOKS,
    shipped: false,
    options: [...ANSWERS, "--epochs", "3", "--batch-size", "32", "--lr", "1e-3", "--dropout", "0.1"],
    from: "masked-words",
    seed: 0,
    dataset: "questions made of the text of six books and of XQuAD's training paragraphs",
    terms: "XQuAD is under CC BY-SA 4.0, the books are in the public domain in the United States.",
    license: "cc-by-sa-4.0",
  },
  "extractive-answers": {
    task: "question-answering",
    data: ["xquad/xquad.en.json"],
    options: [...ANSWERS, "--epochs", "8", "--batch-size", "16", "--lr", "3e-4", "--dropout", "0.1"],
    from: "cloze-answers",
    shipped: false,
    seed: 0,
    dataset: "XQuAD, English: 240 paragraphs with 1,190 questions, the last fifth of them held out to test",
    terms: "The data is under CC BY-SA 4.0 (Artetxe, Ruder and Yogatama 2020; from SQuAD 1.1).",
    license: "cc-by-sa-4.0",
  },
};
