import { hashOfState } from "../../state/address.js";
import { input, model, task, titleOf } from "../../state/store.js";
import { TASKS } from "../../tasks/registry.js";
import { Copy } from "../../ui/copy.js";
import { snippets } from "./code.js";

/** Code for what is on the screen, and a link to it. */
export default function TakeHome() {
  const link = `${location.origin}${location.pathname}${hashOfState()}`;
  const code = TASKS[task.value].code(input.value, model.value === null ? "" : titleOf(model.value));
  return (
    <>
      <p>
        <Copy text={link} label="Copy a link to this screen" isPlain />{" "}
        {model.value?.kind === "files" && <span class="hint">The link cannot hold the files of your model.</span>}
      </p>
      {snippets(task.value, model.value, code).map(({ language, code: text }) => (
        <section key={language} class="snippet">
          <h3>
            {language} <Copy text={text} label="Copy" about={language} />
          </h3>
          <pre>
            <code>{text}</code>
          </pre>
        </section>
      ))}
    </>
  );
}
