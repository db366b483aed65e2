import { Bars, percent } from "../ui/bars.js";
import { linesOf, quoted, shell, type TaskView } from "./task.js";

export const zeroShotClassification: TaskView<"zero-shot-classification"> = {
  name: "zero-shot-classification",
  title: "Your own labels",
  lead: "Chooses among labels that you make up, by asking a model of entailment whether the text says so.",
  fields: [
    { name: "text", label: "Text", rows: 2, placeholder: "A late goal decided the match." },
    { name: "labels", label: "Labels, one a line", rows: 3, placeholder: "sport\nmusic\nfood" },
    {
      name: "hypothesis_template",
      label: "Sentence for a label",
      rows: 1,
      optional: true,
      placeholder: "This example is {}.",
    },
    { name: "multi_label", label: "Several labels may hold", rows: 0, optional: true },
  ],
  models: [],
  examples: {
    "": [
      { text: "A late goal decided the match.", labels: "sport\nmusic\nfood" },
      { text: "The soup needs more salt.", labels: "cooking\npolitics\nweather" },
    ],
  },
  texts: ({ text = "", labels, hypothesis_template: template }) => ({
    text,
    pair: (template?.trim() || "This example is {}.").replace("{}", () => linesOf(labels)[0] ?? ""),
  }),
  code({ text, labels, hypothesis_template: template = "", multi_label: multi }) {
    const all = linesOf(labels);
    const options = [
      ...(template.trim() === "" ? [] : [`hypothesis_template: ${quoted(template)}`]),
      ...(multi === "yes" ? ["multi_label: true"] : []),
    ];
    return {
      call: `${quoted(text)}, ${JSON.stringify(all)}${options.length > 0 ? `, { ${options.join(", ")} }` : ""}`,
      command: `--labels ${shell(all.join(","))} ${shell(text)}`,
      python: `from transformers import pipeline\n\nclassify = pipeline("zero-shot-classification", {model})\nprint(classify(${quoted(text)}, ${JSON.stringify(all)}${multi === "yes" ? ", multi_label=True" : ""}))`,
    };
  },
  Answer: ({ answer: { labels, scores } }) => (
    <Bars
      label="Labels with their probabilities"
      bars={labels.map((label, index) => ({
        key: label,
        label: <bdi>{label}</bdi>,
        share: scores[index]!,
        value: percent(scores[index]!),
      }))}
    />
  ),
};
