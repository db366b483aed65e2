import { Scores } from "../ui/bars.js";
import { directionOf } from "../ui/direction.js";
import { pythonPipeline, quoted, shell, type TaskView, textField } from "./task.js";

const LIMA = "Lima is the capital of Peru. It was founded by Francisco Pizarro in 1535.";
const BRIDGE = "The bridge was opened in 1937 by the mayor of San Francisco.";

export const questionAnswering: TaskView<"question-answering"> = {
  name: "question-answering",
  title: "Answer a question",
  lead: "Finds the answer of a question in a text of any length.",
  fields: [
    textField("question", "Question", 1, "What do you want to know?"),
    textField("context", "Text with the answer", 4, "Paste a text …"),
  ],
  models: [],
  needs: "a model that was trained to find answers in texts, on SQuAD for instance",
  examples: {
    "": [
      { question: "When was the bridge opened?", context: BRIDGE },
      { question: "Who founded Lima?", context: LIMA },
      {
        question: "When was it published?",
        context: "Emma is a novel by Jane Austen, published in December 1815.",
      },
    ],
  },
  texts: ({ question = "", context = "" }) => ({ text: question, pair: context }),
  code: ({ question, context }) => ({
    call: `{ question: ${quoted(question)}, context: ${quoted(context)} }, { top_k: 3 }`,
    command: `--top-k 3 ${shell(question)} ${shell(context)}`,
    python: pythonPipeline("question-answering", `question=${quoted(question)}, context=${quoted(context)}, top_k=3`),
  }),
  Answer({ answer, input: { context = "" } }) {
    const [best] = answer;
    return (
      <>
        {best !== undefined && (
          <p class="marked" dir={directionOf(context)}>
            {context.slice(0, best.start)}
            <mark class="tone-0" data-answer>
              <bdi>{context.slice(best.start, best.end)}</bdi>
            </mark>
            {context.slice(best.end)}
          </p>
        )}
        <Scores
          label="Answers with their probabilities"
          scores={answer.map(({ answer: text, score, start }) => ({
            key: `${start} ${text}`,
            text: text || "no answer",
            score,
          }))}
        />
      </>
    );
  },
};
