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
  /** None of the models that come with the page takes it. */
  readonly onlyOwn?: boolean;
}

/** What the code for a task has to say: the call in TypeScript, its arguments on the command line, and in Python. */
export interface TaskCode {
  /** The pipeline's task, where it is not the screen's. */
  readonly task?: string;
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
  /** Models of ours that do it, the first one being the usual one; the page may come without them. */
  readonly models: readonly string[];
  /** What a model must be to do it, for who has to bring one: "a model that …". */
  readonly needs: string;
  /** What has to be said of a model beside its answers. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Inputs that show what a model can do, by its name; the first ones for every other. */
  readonly examples: Readonly<Record<string, readonly TaskInput[]>>;
  /** What is looked into: a text, or two. */
  texts(input: TaskInput, model: string): { readonly text: string; readonly pair: string | null };
  code(input: TaskInput, model: string): TaskCode;
  /** `change` changes what is typed. */
  readonly Answer: ComponentType<{
    answer: Answers[Task];
    input: TaskInput;
    model: string;
    change: (changes: TaskInput) => void;
  }>;
}

/** A text that is typed; all that is not optional has to be. */
export function textField(name: string, label: string, rows: number, placeholder: string): Field {
  return { name, label, rows, placeholder };
}

/** Python that runs one of the reference's pipelines. */
export function pythonPipeline(task: TaskName, call: string, options = ""): string {
  return `from transformers import pipeline\n\nrun = pipeline("${task}", {model}${options})\nprint(run(${call}))`;
}

/** A string in TypeScript and, as it happens, in Python. */
export function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? "");
}

/** A word of a POSIX shell. */
export function shell(text: string | undefined): string {
  return `'${(text ?? "").replaceAll("'", `'\\''`)}'`;
}
