import { Bars, percent } from "../ui/bars.js";
import { linesOf, quoted, shell, type TaskView } from "./task.js";

export const multipleChoice: TaskView<"multiple-choice"> = {
  name: "multiple-choice",
  title: "Choose what follows",
  lead: "Chooses the most plausible of several continuations.",
  fields: [
    { name: "prompt", label: "Beginning", rows: 2, placeholder: "The street was wet. What was the cause of this?" },
    { name: "choices", label: "Choices, one a line", rows: 3, placeholder: "It had rained.\nThe sun was shining." },
  ],
  models: [],
  examples: {
    "": [
      { prompt: "The street was wet. What was the cause of this?", choices: "The sun was shining.\nIt had rained." },
      {
        prompt: "The boy studied hard. What happened as a result?",
        choices: "He passed the exam.\nHe fell off his bike.",
      },
      { prompt: "The fire went out. What was the cause of this?", choices: "He lit a match.\nIt started to rain." },
    ],
  },
  texts: ({ prompt = "", choices }) => ({ text: prompt, pair: linesOf(choices)[0] ?? null }),
  code({ prompt, choices }) {
    const all = linesOf(choices);
    return {
      call: `{ prompt: ${quoted(prompt)}, choices: ${JSON.stringify(all)} }`,
      command: [prompt, ...all].map(shell).join(" "),
      python: [
        "import torch",
        "from transformers import AutoTokenizer, ConvBertForMultipleChoice",
        "",
        "tokenizer = AutoTokenizer.from_pretrained({model})",
        "model = ConvBertForMultipleChoice.from_pretrained({model}).eval()",
        `prompt, choices = ${quoted(prompt)}, ${JSON.stringify(all)}`,
        "rows = [tokenizer(prompt, choice, return_tensors='pt') for choice in choices]",
        "with torch.no_grad():",
        "    logits = torch.cat([model(**{k: v[None] for k, v in row.items()}).logits for row in rows], 1)",
        "print(choices[logits.argmax()], logits.softmax(-1))",
      ].join("\n"),
    };
  },
  Answer({ answer: { scores }, input: { choices } }) {
    const all = linesOf(choices);
    const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
    return (
      <Bars
        label="Choices with their probabilities"
        bars={order.map((index) => ({
          key: String(index),
          label: <bdi>{all[index]}</bdi>,
          share: scores[index]!,
          value: percent(scores[index]!),
        }))}
      />
    );
  },
};
