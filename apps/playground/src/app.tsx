import { FormOfTask } from "./form.js";
import { Panels } from "./panels/panels.js";
import { Result } from "./result.js";
import { chooseTask, task } from "./state/store.js";
import { THEMES, theme } from "./state/theme.js";
import { TASK_NAMES, TASKS } from "./tasks/registry.js";

export function App() {
  const view = TASKS[task.value];
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>
        To the task
      </button>
      <header>
        <h1>
          ConvBERT <span>playground</span>
        </h1>
        <p>
          Small language models that read with attention and convolutions, in your browser. Nothing that you type or
          open leaves this page.
        </p>
        <label class="theme">
          <span>Colours</span>{" "}
          <select
            value={theme.value}
            onChange={(event) => (theme.value = event.currentTarget.value as typeof theme.value)}
          >
            {THEMES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </header>
      <nav class="tasks" aria-label="Tasks">
        {TASK_NAMES.map((name) => (
          <button
            key={name}
            type="button"
            aria-current={name === task.value ? "page" : undefined}
            onClick={() => chooseTask(name)}
          >
            {TASKS[name].title}
          </button>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <h2>{view.title}</h2>
        <p class="lead">{view.lead}</p>
        <div class="work">
          <FormOfTask view={view} />
          <Result />
        </div>
        <Panels />
      </main>
      <footer>
        <p>
          All of this in your own code: <code>npm install convbert</code>. Where the architecture comes from:{" "}
          <a href="https://arxiv.org/abs/2008.02496" rel="noreferrer">
            ConvBERT, Improving BERT with Span-based Dynamic Convolution
          </a>
          . Others’ code in this page, and its terms: <a href="./licenses.md">licences</a>.
        </p>
      </footer>
    </>
  );
}

/** A link could not do this: the hash of the address is the state's. */
function toMain(): void {
  document.querySelector<HTMLElement>("#main")?.focus();
}
