import type { ComponentChildren } from "preact";
import { percent } from "../ui/bars.js";
import { directionOf } from "../ui/direction.js";
import { labelName } from "./labels.js";
import { pythonPipeline, quoted, shell, type TaskView, textField } from "./task.js";

/** A hue for each kind, the same wherever it comes. */
function tone(kinds: readonly string[], kind: string): string {
  return `tone-${kinds.indexOf(kind) % 6}`;
}

export const tokenClassification: TaskView<"token-classification"> = {
  name: "token-classification",
  title: "Mark phrases and names",
  lead: "Marks stretches of a text: phrases, or names of people and places.",
  fields: [textField("text", "Text", 3, "Type a sentence …")],
  models: ["chunking", "entities"],
  needs: "a model that labels words, of names or of parts of speech for instance",
  examples: {
    chunking: [
      { text: "He reckons that the current account deficit will narrow sharply in September." },
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
    command: `--aggregation first ${shell(text)}`,
    python: pythonPipeline("token-classification", quoted(text), ', aggregation_strategy="first"'),
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
        <p class="marked" dir={directionOf(text)}>
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
