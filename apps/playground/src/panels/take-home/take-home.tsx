import { hashOfState } from "../../state/address.js";
import { input, model, task } from "../../state/store.js";
import { TASKS } from "../../tasks/registry.js";
import { Copy } from "../../ui/copy.js";
import { Scroll } from "../../ui/scroll.js";
import { snippets } from "./code.js";

/** Code for what is on the screen, and a link to it. */
export default function TakeHome() {
  const link = `${location.origin}${location.pathname}${hashOfState()}`;
  return (
    <>
      <p>
        <Copy text={link} label="Copy a link to this screen" />{" "}
        {model.value?.kind === "files" && <span class="hint">The link cannot hold the files of your model.</span>}
      </p>
      {snippets(task.value, model.value, TASKS[task.value].code(input.value)).map(({ language, code }) => (
        <section key={language} class="snippet">
          <h3>
            {language} <Copy text={code} label={`Copy ${language}`} />
          </h3>
          <Scroll label={`${language} code`}>
            <pre>
              <code>{code}</code>
            </pre>
          </Scroll>
        </section>
      ))}
    </>
  );
}
