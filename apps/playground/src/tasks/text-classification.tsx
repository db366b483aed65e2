import { Scores } from "../ui/bars.js";
import { labelName } from "./labels.js";
import { pythonPipeline, quoted, shell, type TaskView, textField } from "./task.js";

export const textClassification: TaskView<"text-classification"> = {
  name: "text-classification",
  title: "Classify a text",
  lead: "Says which of its labels a text has: what kind of answer a question asks for, or whether a sentence praises or blames.",
  fields: [
    textField("text", "Text", 2, "Type a text …"),
    {
      name: "text_pair",
      label: "Second text",
      rows: 1,
      optional: true,
      onlyOwn: true,
      placeholder: "Only for models of pairs",
    },
  ],
  models: ["question-classification", "sentiment"],
  needs: "a classifier of texts",
  examples: {
    "question-classification": [
      { text: "Who wrote the opera Carmen?" },
      { text: "How far is it from Denver to Aspen?" },
      { text: "What does NASA stand for?" },
      { text: "Where is the Eiffel Tower?" },
    ],
    sentiment: [
      { text: "A gorgeous, witty, seductive movie." },
      { text: "The plot is paper-thin and the jokes fall flat." },
      { text: "It is neither funny nor moving." },
    ],
  },
  texts: ({ text = "", text_pair: pair = "" }) => ({ text, pair: pair.trim() === "" ? null : pair }),
  code({ text, text_pair: pair = "" }) {
    const isPair = pair.trim() !== "";
    const given = isPair ? `{ text: ${quoted(text)}, text_pair: ${quoted(pair)} }` : quoted(text);
    const python = isPair ? `{"text": ${quoted(text)}, "text_pair": ${quoted(pair)}}` : quoted(text);
    return {
      call: `${given}, { top_k: null }`,
      command: isPair ? "--pair --jsonl --top-k all" : `--top-k all ${shell(text)}`,
      ...(isPair && { stdin: JSON.stringify([text, pair]) }),
      python: pythonPipeline("text-classification", `${python}, top_k=None`),
    };
  },
  Answer: ({ answer, model }) => (
    <Scores
      label="Labels with their probabilities"
      scores={answer.map(({ label, score }) => ({ key: label, text: labelName(model, label), score }))}
    />
  ),
};
