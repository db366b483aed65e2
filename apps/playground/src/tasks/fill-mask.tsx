import { Bars, percent } from "../ui/bars.js";
import { pythonPipeline, quoted, shell, type TaskView, textField } from "./task.js";

/** The text with the mask of that number replaced. */
function filled(text: string, mask: number, word: string): string {
  let at = -1;
  return text.replaceAll("[MASK]", (token) => {
    at++;
    return at === mask ? word.trim() : token;
  });
}

export const fillMask: TaskView<"fill-mask"> = {
  name: "fill-mask",
  title: "Fill in words",
  lead: "Guesses the words that stand behind [MASK].",
  fields: [textField("text", "Text with [MASK]", 2, "She looked at [MASK] with a smile.")],
  models: [],
  needs: "a model that still has its head of masked words, as after pre-training",
  examples: {
    "": [
      { text: "She looked at [MASK] with a smile." },
      { text: "He shook his [MASK] and went out of the room." },
      { text: "The [MASK] was cold and the night was [MASK]." },
    ],
  },
  texts: ({ text = "" }) => ({ text, pair: null }),
  code: ({ text }) => ({
    call: `${quoted(text)}, { top_k: 6 }`,
    command: `--top-k 6 ${shell(text)}`,
    python: pythonPipeline("fill-mask", `${quoted(text)}, top_k=6`),
  }),
  Answer: ({ answer: { masks, together }, input: { text = "" }, change }) => (
    <>
      <div class="columns">
        {masks.map((words, mask) => (
          <section key={mask}>
            {masks.length > 1 && <h3>Mask {mask + 1}</h3>}
            <Bars
              label={`Words for mask ${mask + 1}`}
              bars={words.map(({ token, token_str: word, score }) => ({
                key: String(token),
                label: (
                  <button
                    type="button"
                    class="word"
                    title="Put it in"
                    onClick={() => change({ text: filled(text, mask, word) })}
                  >
                    <bdi>{word}</bdi>
                  </button>
                ),
                share: score / words[0]!.score,
                value: percent(score),
              }))}
            />
          </section>
        ))}
      </div>
      {together !== null && (
        <section>
          <h3>All masks together</h3>
          <Bars
            label="Texts with all masks filled"
            bars={together.map(({ sequence, score, tokens }) => ({
              key: tokens.join(),
              label: <bdi>{sequence}</bdi>,
              share: score / together[0]!.score,
              value: `${(score * 100).toPrecision(2)}%`,
            }))}
          />
        </section>
      )}
    </>
  ),
};
