import type { ComponentChildren } from "preact";
import { percent } from "../ui/bars.js";
import { labelName } from "./labels.js";
import { quoted, shell, type TaskView } from "./task.js";

/** A hue for each kind, the same wherever it comes. */
function tone(kinds: readonly string[], kind: string): string {
  return `tone-${kinds.indexOf(kind) % 6}`;
}

export const tokenClassification: TaskView<"token-classification"> = {
  name: "token-classification",
  title: "Mark phrases and names",
  lead: "Marks stretches of a text: phrases, or names of people and places.",
  fields: [{ name: "text", label: "Text", rows: 3, placeholder: "Type a sentence …" }],
  models: ["chunking", "entities"],
  examples: {
    chunking: [
      { text: "He reckons the current account deficit will narrow to only 1.8 billion in September." },
      { text: "The old man gave up his seat because he wanted to walk home." },
      { text: "Shares of small companies rose sharply on Monday, traders said." },
    ],
    entities: [
      { text: "Going to Google in San Francisco with Emma Watson" },
      { text: "Just saw Barack Obama at the airport in Chicago" },
      { text: "Flying from London to Paris with John tomorrow" },
    ],
  },
  texts: ({ text = "" }) => ({ text, pair: null }),
  code: ({ text }) => ({
    call: `${quoted(text)}, { aggregation_strategy: "first" }`,
    command: `--aggregation-strategy first ${shell(text)}`,
    python: `from transformers import pipeline\n\nlabel = pipeline("token-classification", {model}, aggregation_strategy="first")\nprint(label(${quoted(text)}))`,
  }),
  Answer({ answer, input: { text = "" }, model }) {
    const kinds = [...new Set(answer.map(({ entity_group: kind }) => kind))].sort();
    const parts: ComponentChildren[] = [];
    let at = 0;
    for (const { entity_group: kind, score, start, end } of answer) {
      parts.push(text.slice(at, start));
      parts.push(
        <mark
          key={start}
          class={tone(kinds, kind)}
          data-kind={kind}
          title={`${labelName(model, kind)}, ${percent(score)}`}
        >
          <bdi>{text.slice(start, end)}</bdi>
          <sub>{kind}</sub>
        </mark>,
      );
      at = end;
    }
    parts.push(text.slice(at));
    return (
      <>
        <p class="marked" dir="auto">
          {parts}
        </p>
        {answer.length === 0 ? (
          <p class="hint">The model marks nothing here.</p>
        ) : (
          <p class="legend">
            {kinds.map((kind) => (
              <span key={kind} class={`kind ${tone(kinds, kind)}`}>
                {kind} {labelName(model, kind) !== kind && labelName(model, kind)}
              </span>
            ))}
          </p>
        )}
      </>
    );
  },
};
