import type { ChoiceInput, PipelineTask, QuestionInput, SimilarityInput, TextPair } from "@convbert/pipelines";
import { distance } from "fastest-levenshtein";
import { UsageError } from "../errors.js";

/** Whatever a task takes; a text may be the list of its words. */
export type TaskInput = string | readonly string[] | TextPair | QuestionInput | ChoiceInput | SimilarityInput;

/** Flags that say what a line, or an argument, means. */
export interface InputFlags {
  /** Lines are JSON values. */
  readonly jsonl?: boolean;
  readonly pair?: boolean;
  /** Texts are words. */
  readonly words?: boolean;
  /** The text that all questions are about. */
  readonly context?: string;
}

/** How a task reads its inputs. */
export interface InputReader {
  /** What the command's arguments mean. */
  fromArguments(texts: readonly string[]): TaskInput[];
  /** What a line of standard input means. */
  fromLine(line: string): TaskInput;
  /** One input, for messages: "a text", "question<TAB>context". */
  readonly form: string;
}

/** @throws UsageError from the reader's functions when an argument or line is not of the task's form. */
export function inputReader(task: PipelineTask, flags: InputFlags): InputReader {
  const form = FORMS[formOf(task, flags)](flags, task);
  if (!flags.jsonl) return form;
  return {
    ...form,
    form: `JSON: ${form.json}`,
    fromLine(line) {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (error) {
        throw new UsageError(`not JSON: ${(error as Error).message}`);
      }
      checkFields(value, form.fields);
      const input = form.fromValue(value);
      if (input === undefined) throw new UsageError(`expected ${form.json}`);
      return input;
    },
  };
}

interface Form extends InputReader {
  /** The JSON values that stand for one input, for messages. */
  readonly json: string;
  /** Names of an object's fields. */
  readonly fields: readonly string[];
  /** Undefined for a value of another form. */
  fromValue(value: unknown): TaskInput | undefined;
}

type FormName = "text" | "words" | "pair" | "question" | "choice" | "similarity";

function formOf(task: PipelineTask, { pair, words }: InputFlags): FormName {
  if (task === "question-answering") return "question";
  if (task === "multiple-choice") return "choice";
  if (task === "sentence-similarity") return "similarity";
  if (words) return "words";
  return pair ? "pair" : "text";
}

const FORMS: Readonly<Record<FormName, (flags: InputFlags, task: PipelineTask) => Form>> = {
  text: (_flags, task) => ({
    form: "a text",
    json: '"text" or {"text": "..."}',
    fields: ["text", "text_pair"],
    fromArguments: (texts) => [...texts],
    fromLine: (line) => line,
    fromValue(value) {
      if (typeof value === "string") return value;
      const { text_pair: pair } = (value ?? {}) as { text_pair?: unknown };
      if (pair === undefined || pair === null) return fields(value, ["text"])?.["text"];
      if (task !== "text-classification") throw new UsageError(`text_pair is for text-classification, not for ${task}`);
      const both = fields(value, ["text", "text_pair"]);
      return both && pairOf(both["text"]!, both["text_pair"]!);
    },
  }),
  words: () => ({
    form: "words, with white space between",
    json: '["word", "word", ...] or {"tokens": ["word", ...]}',
    fields: ["tokens", "words"],
    fromArguments: (texts) => texts.map(wordsIn),
    fromLine: wordsIn,
    fromValue(value) {
      if (isTexts(value)) return value;
      const { tokens, words = tokens } = (value ?? {}) as { tokens?: unknown; words?: unknown };
      return isTexts(words) ? words : undefined;
    },
  }),
  pair: () => ({
    form: "text<TAB>text",
    json: '["text", "text"] or {"text": "...", "text_pair": "..."}',
    fields: ["text", "text_pair"],
    fromArguments: (texts) => inTwos(texts, "--pair takes its texts in twos").map(([text, pair]) => pairOf(text, pair)),
    fromLine(line) {
      const [text, pair] = columns(line, 2, "text<TAB>text");
      return pairOf(text!, pair!);
    },
    fromValue(value) {
      if (isTwoTexts(value)) return pairOf(value[0], value[1]);
      const pair = fields(value, ["text", "text_pair"]);
      return pair && pairOf(pair["text"]!, pair["text_pair"]!);
    },
  }),
  question: ({ context }) => ({
    form: context === undefined ? "question<TAB>context" : "a question",
    json:
      context === undefined
        ? '["question", "context"] or {"question": "...", "context": "..."}'
        : '"question" or {"question": "..."}',
    fields: ["question", "context"],
    fromArguments: (texts) =>
      context === undefined
        ? inTwos(texts, "questions come with a context each, unless --context or --context-file is given").map(
            ([question, about]) => ({ question, context: about }),
          )
        : texts.map((question) => ({ question, context })),
    fromLine(line) {
      if (context !== undefined) return { question: line, context };
      const [question, about] = columns(line, 2, "question<TAB>context (or give --context)");
      return { question: question!, context: about! };
    },
    fromValue(value) {
      if (isTwoTexts(value)) return { question: value[0], context: value[1] };
      if (context !== undefined && typeof value === "string") return { question: value, context };
      const question = fields(value, ["question"])?.["question"];
      const about = fields(value, ["context"])?.["context"] ?? context;
      return question === undefined || about === undefined ? undefined : { question, context: about };
    },
  }),
  choice: () => ({
    form: "prompt<TAB>choice<TAB>choice...",
    json: '["prompt", "choice", "choice", ...] or {"prompt": "...", "choices": ["...", "..."]}',
    fields: ["prompt", "choices"],
    fromArguments(texts) {
      if (texts.length < 3) throw new UsageError("multiple-choice takes a prompt and at least two choices");
      return [choiceOf(texts)];
    },
    fromLine: (line) => choiceOf(columns(line, undefined, "prompt<TAB>choice<TAB>choice...")),
    fromValue(value) {
      if (isTexts(value) && value.length > 2) return choiceOf(value);
      const prompt = fields(value, ["prompt"])?.["prompt"];
      const { choices } = (value ?? {}) as { choices?: unknown };
      return prompt !== undefined && isTexts(choices) && choices.length > 0 ? { prompt, choices } : undefined;
    },
  }),
  similarity: () => ({
    form: "sentence<TAB>other<TAB>other...",
    json: '["sentence", "other", ...] or {"source_sentence": "...", "sentences": ["...", "..."]}',
    fields: ["source_sentence", "sentences"],
    fromArguments(texts) {
      if (texts.length < 2) throw new UsageError("sentence-similarity takes a sentence and others to compare it with");
      return [similarityOf(texts)];
    },
    fromLine: (line) => similarityOf(columns(line, undefined, "sentence<TAB>other<TAB>other...", 2)),
    fromValue(value) {
      if (isTexts(value) && value.length > 1) return similarityOf(value);
      const source = fields(value, ["source_sentence"])?.["source_sentence"];
      const { sentences } = (value ?? {}) as { sentences?: unknown };
      return source !== undefined && isTexts(sentences) && sentences.length > 0
        ? { source_sentence: source, sentences }
        : undefined;
    },
  }),
};

/**
 * Lines of data sets have other fields beside those that are read, as "label"; a field that looks like one of these is a slip,
 * and what it holds would be lost without a word.
 */
function checkFields(value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const bare = (name: string): string => name.replace(/[_\-\s]/g, "").toLowerCase();
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const meant = known.find((field) => distance(bare(field), bare(name)) <= Math.floor(field.length / 4));
    if (meant !== undefined) throw new UsageError(`there is no field "${name.slice(0, 100)}"; did you mean ${meant}?`);
  }
}

function wordsIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function pairOf(text: string, pair: string): TextPair {
  return { text, text_pair: pair };
}

function similarityOf([source, ...sentences]: readonly string[]): SimilarityInput {
  return { source_sentence: source!, sentences };
}

function choiceOf([prompt, ...choices]: readonly string[]): ChoiceInput {
  return { prompt: prompt!, choices };
}

/** @param count how many columns there must be; at least `least` where undefined. */
function columns(line: string, count: number | undefined, form: string, least = 3): string[] {
  const parts = line.split("\t");
  if (count === undefined ? parts.length >= least : parts.length === count) return parts;
  throw new UsageError(
    `expected ${form}, with tab characters between; got ${parts.length === 1 ? "no tab" : `${parts.length} columns`}`,
  );
}

function inTwos(texts: readonly string[], rule: string): [string, string][] {
  if (texts.length % 2 === 1) throw new UsageError(`${rule}; got ${texts.length}`);
  return Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i]!, texts[2 * i + 1]!]);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isTwoTexts(value: unknown): value is [string, string] {
  return isTexts(value) && value.length === 2;
}

function fields(value: unknown, names: readonly string[]): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const given = value as Record<string, unknown>;
  return names.every((name) => typeof given[name] === "string") ? (given as Record<string, string>) : undefined;
}
