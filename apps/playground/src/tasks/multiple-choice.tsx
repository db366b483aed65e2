import { linesOf } from "../lines.js";
import { Scores } from "../ui/bars.js";
import { quoted, shell, type TaskView, textField } from "./task.js";

export const multipleChoice: TaskView<"multiple-choice"> = {
  name: "multiple-choice",
  title: "Choose what follows",
  lead: "Chooses the most plausible of several continuations.",
  fields: [
    textField("prompt", "Beginning", 2, "The street was wet. What was the cause of this?"),
    textField("choices", "Choices, one a line", 3, "It had rained.\nThe sun was shining."),
  ],
  models: [],
  needs: "a model that was trained to choose among continuations, on COPA or SWAG for instance",
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
    const ranked = scores.map((score, index) => ({ key: String(index), text: all[index], score }));
    return <Scores label="Choices with their probabilities" scores={ranked.sort((a, b) => b.score - a.score)} />;
  },
};
