import { linesOf } from "../lines.js";
import { Scores } from "../ui/bars.js";
import { ENCODER, likenessCode } from "./likeness.js";
import { pythonPipeline, quoted, shell, type TaskView, textField } from "./task.js";

const DESK = "delivery\npayment\nreturns";

export const zeroShotClassification: TaskView<"zero-shot-classification"> = {
  name: "zero-shot-classification",
  title: "Your own labels",
  lead: "Chooses among labels that you make up: by what the text entails, or by how close its meaning is to each label’s.",
  fields: [
    textField("text", "Text", 2, "A late goal decided the match."),
    textField("labels", "Labels, one a line", 3, "sport\nmusic\nfood"),
    {
      name: "hypothesis_template",
      label: "Sentence for a label",
      rows: 1,
      optional: true,
      onlyOwn: true,
      placeholder: "This example is {}.",
    },
    { name: "multi_label", label: "Several labels may hold", rows: 0, optional: true, onlyOwn: true },
  ],
  models: [ENCODER],
  needs: "a model of entailment, trained on MNLI for instance, or an encoder of sentences",
  notes: {
    [ENCODER]:
      "This encoder compares meanings: what it gives are cosines, not probabilities. A model of entailment that you open gives those.",
  },
  examples: {
    [ENCODER]: [
      { text: "A late goal decided the match.", labels: "sport\nmusic\nfood" },
      { text: "My parcel has not arrived yet.", labels: DESK },
      { text: "My card was charged twice.", labels: DESK },
      { text: "The senate votes on the new tax next week.", labels: "politics\nsport\nhealth" },
    ],
  },
  texts: ({ text = "", labels, hypothesis_template: template }, model) => ({
    text,
    pair:
      model === ENCODER
        ? null
        : (template?.trim() || "This example is {}.").replace("{}", () => linesOf(labels)[0] ?? ""),
  }),
  code({ text, labels, hypothesis_template: template = "", multi_label: multi }, model) {
    const all = linesOf(labels);
    if (model === ENCODER) return likenessCode(text, all);
    const flag = template.trim() === "" ? "" : ` --template ${shell(template.trim())}`;
    const options = {
      ...(template.trim() !== "" && { hypothesis_template: template.trim() }),
      ...(multi === "yes" && { multi_label: true }),
    };
    const named = [
      ...("hypothesis_template" in options ? [`hypothesis_template=${quoted(options.hypothesis_template)}`] : []),
      ...("multi_label" in options ? ["multi_label=True"] : []),
    ];
    const given = `${quoted(text)}, ${JSON.stringify(all)}`;
    const hasOptions = Object.keys(options).length > 0;
    return {
      call: hasOptions ? `${given}, ${JSON.stringify(options)}` : given,
      command: `--labels ${shell(all.join(","))}${flag}${multi === "yes" ? " --multi-label" : ""} ${shell(text)}`,
      python: pythonPipeline("zero-shot-classification", [given, ...named].join(", ")),
    };
  },
  Answer: ({ answer: { by, labels, scores } }) => (
    <>
      <Scores
        label={
          by === "likeness"
            ? "Labels with the cosines of their meanings to the text’s"
            : "Labels with their probabilities"
        }
        are={by === "likeness" ? "cosines" : "probabilities"}
        scores={labels.map((text, index) => ({ text, score: scores[index]! }))}
      />
      {by === "likeness" && (
        <p class="hint">Cosines: 1 is the same meaning, and about 0 a meaning that has nothing to do with it.</p>
      )}
    </>
  ),
};
