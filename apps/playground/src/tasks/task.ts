import type { ComponentType } from "preact";
import type { Answers, TaskInput, TaskName } from "../worker/protocol.js";

/** A part of a task's form. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** Lines of the text box; 0 for a switch, whose value is "yes" or "". */
  readonly rows: number;
  readonly placeholder?: string;
  readonly optional?: boolean;
}

/** What the code for a task has to say: the call in TypeScript, its arguments on the command line, and in Python. */
export interface TaskCode {
  /** The arguments of the pipeline's call. */
  readonly call: string;
  /** What follows `convbert run TASK --model NAME`. */
  readonly command: string;
  /** Python with `{model}` where the model's name belongs. */
  readonly python: string;
  /** A line that the command reads from standard input. */
  readonly stdin?: string;
}

/** A task on the screen. */
export interface TaskView<Task extends TaskName = TaskName> {
  readonly name: Task;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly lead: string;
  readonly fields: readonly Field[];
  /** Models that come with the page, the first one being the usual one. */
  readonly models: readonly string[];
  /** Inputs that show what a model can do, by its name; those of "" for every other. */
  readonly examples: Readonly<Record<string, readonly TaskInput[]>>;
  /** What is looked into: a text, or two. */
  texts(input: TaskInput): { readonly text: string; readonly pair: string | null };
  code(input: TaskInput): TaskCode;
  /** `change` changes what is typed. */
  readonly Answer: ComponentType<{
    answer: Answers[Task];
    input: TaskInput;
    model: string;
    change: (changes: TaskInput) => void;
  }>;
}

/** A string in TypeScript and, as it happens, in Python. */
export function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? "");
}

/** A word of a POSIX shell. */
export function shell(text: string | undefined): string {
  return `'${(text ?? "").replaceAll("'", `'\\''`)}'`;
}

export function linesOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
