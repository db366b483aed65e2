import { ConvBertForQuestionAnswering } from "@convbert/heads";
import {
  type QuestionAnsweringCollator,
  type QuestionWindow,
  questionAnsweringCollator,
} from "../collate/question-answering.js";
import { type IndexedDataset, memoryDataset } from "../data/dataset.js";
import type { QuestionExample } from "../data/examples.js";
import { questionFields } from "../data/fields/questions.js";
import { evaluateQuestionAnswering, unansweredError } from "../evaluate/question-answering.js";
import { turnWhenDue } from "../loop/turn-when-due.js";
import { countsOf, preparedTask, testOf } from "./prepared.js";
import type { Splits, TaskContext, TaskDefinition } from "./task.js";

/** Questions that are made into windows between two reports of progress. */
const EXAMPLES_AT_ONCE = 256;

/** Answers to questions, found in a text. */
export const questionAnswering: TaskDefinition<"question-answering"> = {
  name: "question-answering",
  model: ConvBertForQuestionAnswering,
  fields: () => questionFields(),
  maxLength: 384,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const { stride, maxQuestionLength, allowNoAnswer = false, skipUnanswered = false } = settings;
    if (!allowNoAnswer && !skipUnanswered) await checkAnswered(splits);
    const collator = questionAnsweringCollator(tokenizer, {
      maxLength,
      ...(stride !== undefined && { stride }),
      ...(maxQuestionLength !== undefined && { maxQuestionLength }),
    });
    const model = await context.makeModel<ConvBertForQuestionAnswering>(ConvBertForQuestionAnswering, {
      num_labels: 2,
    });
    const evaluate = (dataset: IndexedDataset<QuestionExample>, measured: ConvBertForQuestionAnswering) =>
      evaluateQuestionAnswering(measured, collator, {
        ...{ dataset, allowNoAnswer, skipUnanswered },
        ...context.evaluation,
      });
    const windows = await windowsOf(context, collator);
    const onlyTraining = { train: memoryDataset(windows) };
    return {
      ...preparedTask(model, onlyTraining, undefined, (rows) => collator.pack(rows)),
      evaluation: splits.evaluation && evaluate(splits.evaluation, model),
      test: testOf(splits.test, evaluate),
      counts: { ...countsOf(splits), windows: windows.length },
      metric: "f1",
    };
  },
};

/** Throws TrainerOptionError, with how many they are, where questions have no answer. */
async function checkAnswered(splits: Splits<QuestionExample>): Promise<void> {
  for (const [split, dataset] of Object.entries(splits) as [string, IndexedDataset<QuestionExample> | undefined][]) {
    let without = 0;
    for await (const { answers } of dataset ?? []) without += Number(answers.length === 0);
    if (without > 0) throw unansweredError(`${without} of the ${dataset!.length} ${NAMES[split]} questions have`);
  }
}

const NAMES: Readonly<Record<string, string>> = { train: "training", evaluation: "evaluation", test: "test" };

async function windowsOf(
  { splits, settings, signal, onProgress }: TaskContext<"question-answering">,
  collator: QuestionAnsweringCollator,
): Promise<QuestionWindow[]> {
  const windows: QuestionWindow[] = [];
  let block: QuestionExample[] = [];
  const take = async (): Promise<void> => {
    windows.push(...collator.windows(block));
    block = [];
    onProgress?.(`tokenizing the data  ${windows.length} windows`);
    // Examples in memory come without a pause in which an abort could be heard.
    await turnWhenDue();
    signal?.throwIfAborted();
  };
  for await (const example of splits.train) {
    if (settings.allowNoAnswer || example.answers.length > 0) block.push(example);
    if (block.length === EXAMPLES_AT_ONCE) await take();
  }
  await take();
  return windows;
}
