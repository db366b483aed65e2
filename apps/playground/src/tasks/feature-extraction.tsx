import { linesOf } from "../lines.js";
import { Bars } from "../ui/bars.js";
import { Copy } from "../ui/copy.js";
import { HeatMap } from "../ui/heat-map.js";
import { ENCODER, likenessCode } from "./likeness.js";
import { quoted, type TaskView, textField } from "./task.js";

const NEWS = [
  "The children played in the garden.",
  "A dog ran across the street.",
  "The shares fell on Monday.",
  "She wrote a long letter to her sister.",
  "The bank raised its rates.",
].join("\n");

export const featureExtraction: TaskView<"feature-extraction"> = {
  name: "feature-extraction",
  title: "Search by meaning",
  lead: "Makes a vector of each line, and sorts the lines by how close theirs are to the query's.",
  fields: [
    textField("query", "Query", 1, "The stock market dropped."),
    textField("lines", "Your lines", 5, "A text a line"),
  ],
  models: [ENCODER],
  needs: "an encoder, of sentences if it can be",
  examples: {
    [ENCODER]: [
      { query: "Kids are outside on the lawn.", lines: NEWS },
      { query: "The stock market dropped.", lines: NEWS },
      { query: "He sent his brother a note.", lines: NEWS },
    ],
  },
  texts: ({ query = "" }) => ({ text: query, pair: null }),
  code: ({ query, lines }, model) =>
    model === ENCODER
      ? likenessCode(query, linesOf(lines))
      : {
          call: `${JSON.stringify([query ?? "", ...linesOf(lines)])}, { pooling: "mean", normalize: true }`,
          command: "--pooling mean --normalize --json",
          stdin: [query ?? "", ...linesOf(lines)].join("\n"),
          python: [
            "import torch",
            "from transformers import pipeline",
            "",
            'embed = pipeline("feature-extraction", {model})',
            `texts = ${JSON.stringify([query ?? "", ...linesOf(lines)])}`,
            "rows = torch.stack([torch.tensor(embed(text)[0]).mean(0) for text in texts])",
            "rows = torch.nn.functional.normalize(rows, dim=-1)",
            `print(rows @ rows[0])  # the first is ${quoted(query)} itself`,
          ].join("\n"),
        },
  Answer: ({ answer: { lines } }) => (
    <>
      <Bars
        label="Lines with the cosines of their vectors to the query's"
        bars={lines.map(({ text, similarity, vector }, index) => ({
          key: `${index} ${text}`,
          label: <bdi>{text}</bdi>,
          share: similarity,
          value: similarity.toFixed(3),
          below: <HeatMap data={vector} columns={vector.length} rows={1} signed class="vector" />,
        }))}
      />
      <p class="hint">
        {lines[0] && `Vectors of ${lines[0].vector.length} numbers; `}the stripes show them, blue below zero, orange
        above.{" "}
        <Copy
          label="Copy the vectors as JSON"
          text={JSON.stringify(lines.map(({ text, vector }) => ({ text, vector: [...vector] })))}
        />
      </p>
    </>
  ),
};
