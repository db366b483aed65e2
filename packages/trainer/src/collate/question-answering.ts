import type { QuestionAnsweringBatch } from "@convbert/heads";
import type { ConvBertTokenizerFast, Encoding } from "@convbert/tokenizer";
import { questionWindows } from "@convbert/tokenizer/internal";
import { utf16Offset } from "../data/answers.js";
import type { QuestionExample } from "../data/examples.js";
import { TrainerOptionError } from "../option-error.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  type IntegerArray,
  joinedRows,
  type PaddedRows,
  packingOf,
} from "./batch.js";
import { exampleError } from "./labels.js";

export interface QuestionAnsweringBatchInputs extends BatchInputs {
  /** `[windows]`: the answer's first token; that of [CLS] where the window has no answer. */
  readonly start_positions: IntegerArray;
  /** `[windows]`: the answer's last token. */
  readonly end_positions: IntegerArray;
}

/** A question with a stretch of its context: a row of the model. */
export interface QuestionWindow {
  readonly input_ids: Int32Array;
  readonly token_type_ids: Uint8Array;
  readonly example: QuestionExample;
  /** Token of [CLS]: "no answer". */
  readonly clsIndex: number;
  /** Tokens of the answer, `clsIndex` where there is none in this window. */
  readonly startPosition: number;
  readonly endPosition: number;
  /** First token of the context, and the one after its last. */
  readonly contextStart: number;
  readonly contextEnd: number;
  /** Begin and end of each context token in the context, in UTF-16 units, from `contextStart` on. */
  readonly offsets: Int32Array;
}

export interface QuestionBatch extends Batch<QuestionAnsweringBatchInputs, QuestionAnsweringBatch> {
  /** The windows in the order of the rows. */
  readonly windows: readonly QuestionWindow[];
}

export interface QuestionAnsweringCollatorOptions extends CollatorOptions {
  /** Tokens of the context that a window repeats from the one before it. Default 128, less where that is too much. */
  readonly stride?: number;
  /** Longer questions are cut. Default 64, less where windows are short. */
  readonly maxQuestionLength?: number;
}

/**
 * Examples that are encoded at once. The tokenizer tells of every token far more than a window keeps: all of SQuAD at
 * once would take gigabytes on the way.
 */
const BLOCK = 64;

/** Makes batches of windows; `windows` and `pack` are its two halves, for batches of a fixed number of windows. */
export interface QuestionAnsweringCollator extends Collator<QuestionExample, QuestionBatch> {
  /** Every window of the examples, in order. Throws DataError for an answer that does not stand in its context. */
  windows(examples: readonly QuestionExample[]): QuestionWindow[];
  /** One batch of windows. */
  pack(windows: readonly QuestionWindow[]): QuestionBatch;
}

/**
 * Questions with their contexts in windows that overlap, labelled with the first answer's tokens (the reference's
 * question answering example, `prepare_train_features`). A window that does not hold the whole answer has none.
 */
export function questionAnsweringCollator(
  tokenizer: ConvBertTokenizerFast,
  options: QuestionAnsweringCollatorOptions = {},
): QuestionAnsweringCollator {
  const packing = packingOf(tokenizer, options);
  const { maxLength } = packing;
  // Half of what is left at least is the context's.
  const room = maxLength - tokenizer.numSpecialTokensToAdd(true);
  const { maxQuestionLength = Math.max(1, Math.min(64, Math.floor(room / 2))) } = options;
  if (!Number.isSafeInteger(maxQuestionLength) || maxQuestionLength < 1 || maxQuestionLength >= room) {
    throw new TrainerOptionError("maxQuestionLength", maxQuestionLength, `give a whole number from 1 to ${room - 1}`);
  }
  const most = room - maxQuestionLength - 1;
  const { stride = Math.min(128, Math.floor(most / 2)) } = options;
  if (!Number.isSafeInteger(stride) || stride < 0 || stride > most) {
    throw new TrainerOptionError("stride", stride, `give a whole number from 0 to ${most}: windows must move on`);
  }

  const windowsOfBlock = (examples: readonly QuestionExample[]): QuestionWindow[] => {
    // As in the reference: spaces before a question would be counted against its length.
    const read = examples.map(({ question, context }) => ({ question: question.trimStart(), context }));
    const layout = (tokens: readonly number[]) => ({
      asked: tokens.map((count) => Math.min(count, maxQuestionLength)),
      stride,
    });
    return questionWindows(tokenizer, read, maxLength, layout).map(({ example, encoding, contextAt }) =>
      windowOf(examples[example]!, encoding, contextAt, tokenizer.clsTokenId!),
    );
  };
  const windows = (examples: readonly QuestionExample[]): QuestionWindow[] => {
    const all: QuestionWindow[] = [];
    for (let from = 0; from < examples.length; from += BLOCK) {
      all.push(...windowsOfBlock(examples.slice(from, from + BLOCK)));
    }
    return all;
  };
  const pack = (rows: readonly QuestionWindow[]): QuestionBatch => {
    const starts = Int32Array.from(rows, ({ startPosition }) => startPosition);
    const ends = Int32Array.from(rows, ({ endPosition }) => endPosition);
    const columns = (positions: Int32Array, { columnOf }: PaddedRows): IntegerArray => ({
      data: positions.map((position, row) => position + columnOf(row)),
      shape: [rows.length],
    });
    return batchOf(
      {
        sequences: joinedRows(rows),
        packing,
        targets: rows.length,
        own: { start_positions: starts, end_positions: ends },
        pad: (padded) => ({
          ...padded.inputs,
          start_positions: columns(starts, padded),
          end_positions: columns(ends, padded),
        }),
      },
      { windows: rows },
    );
  };
  return { windows, pack, collate: (examples) => pack(windows(examples)) };
}

function windowOf(example: QuestionExample, row: Encoding, contextAt: number, clsId: number): QuestionWindow {
  const [contextStart, contextEnd] = row.sequenceRanges[contextAt]!;
  const offsets = new Int32Array(2 * (contextEnd - contextStart));
  for (let token = contextStart; token < contextEnd; token++) {
    offsets.set(row.offsets[token]!, 2 * (token - contextStart));
  }
  const clsIndex = Math.max(0, row.ids.indexOf(clsId));
  const [startPosition, endPosition] = answerTokens(example, offsets, contextStart) ?? [clsIndex, clsIndex];
  return {
    input_ids: Int32Array.from(row.ids),
    token_type_ids: Uint8Array.from(row.typeIds),
    example,
    clsIndex,
    startPosition,
    endPosition,
    contextStart,
    contextEnd,
    offsets,
  };
}

/** The tokens of the first answer; undefined where the window does not hold all of it. */
function answerTokens(
  example: QuestionExample,
  offsets: Int32Array,
  contextStart: number,
): [start: number, end: number] | undefined {
  const [answer] = example.answers;
  const tokens = offsets.length / 2;
  if (!answer || tokens === 0) return undefined;
  const from = utf16Offset(example.context, answer.answerStart);
  if (from === undefined || !example.context.startsWith(answer.text, from)) {
    throw exampleError(example, `the answer does not stand at ${answer.answerStart} of its context`, "answers");
  }
  const to = from + answer.text.length;
  const begin = (token: number): number => offsets[2 * token]!;
  const end = (token: number): number => offsets[2 * token + 1]!;
  if (begin(0) > from || end(tokens - 1) < to) return undefined;
  let first = 0;
  while (first < tokens && begin(first) <= from) first++;
  let last = tokens - 1;
  while (last >= 0 && end(last) >= to) last--;
  return [contextStart + first - 1, contextStart + last + 1];
}
