import type { SequenceInput } from "../call-options.js";

/** First message to a worker: the files of its tokenizer. */
export interface Start {
  readonly files: Readonly<Record<string, string>>;
}

/** The worker's reply to that: id -1, and an error where there is one. */
export const READY = -1;

/** Sequences to tokenize. */
export interface Job {
  readonly id: number;
  readonly sequences: readonly SequenceInput[];
  /** Whether offsets and words are wanted, and in which unit. */
  readonly detail: boolean;
  readonly offset_unit: "code_point" | "utf16";
}

/** Tokens of a job's sequences, one after the other. */
export interface Reply {
  readonly id: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
  readonly ids?: Int32Array;
  /** Where each sequence ends. */
  readonly ends?: Int32Array;
  readonly starts?: Int32Array;
  readonly stops?: Int32Array;
  readonly words?: Int32Array;
  readonly strings?: ReadonlyMap<number, string>;
}
