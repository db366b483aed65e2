import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { choosePanel, type PanelName, panel } from "../state/store.js";
import { Failed } from "../ui/failure.js";
import type { Failure } from "../worker/protocol.js";

interface Entry {
  readonly title: string;
  readonly about: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** Every panel; its code is loaded when somebody opens it. */
const PANELS: Readonly<Record<PanelName, Entry>> = {
  inside: { title: "Look inside", about: "tokens, attention, kernels", load: () => import("./inside/inside.js") },
  "own-model": {
    title: "Your own model",
    about: "a folder, files, an address",
    load: () => import("./own-model/own-model.js"),
  },
  train: { title: "Train", about: "on lines that you label", load: () => import("./train/train.js") },
  convert: { title: "Convert", about: "any format to any other", load: () => import("./convert/convert.js") },
  runtimes: {
    title: "Compare runtimes",
    about: "milliseconds and outputs",
    load: () => import("./runtimes/runtimes.js"),
  },
  "take-home": { title: "Take it home", about: "the code, and a link", load: () => import("./take-home/take-home.js") },
};

const NAMES = Object.keys(PANELS) as readonly PanelName[];

/** What can be done besides asking: one panel at a time. */
export function Panels() {
  const open = panel.value;
  return (
    <>
      <nav class="panel-names" aria-label="More">
        {NAMES.map((name) => (
          <button
            key={name}
            type="button"
            aria-expanded={name === open}
            onClick={() => choosePanel(name === open ? null : name)}
          >
            <strong>{PANELS[name].title}</strong> <small>{PANELS[name].about}</small>
          </button>
        ))}
      </nav>
      {open !== null && <Opened key={open} name={open} />}
    </>
  );
}

function Opened({ name }: { name: PanelName }) {
  const { title, load } = PANELS[name];
  const [state, setState] = useState<{ Panel: ComponentType } | { failure: Failure } | null>(null);
  useEffect(() => {
    load().then(
      ({ default: Panel }) => setState({ Panel }),
      () => setState({ failure: { code: "code-missing", message: "This part of the page could not be loaded." } }),
    );
  }, [load]);
  return (
    <section class="panel" aria-label={title} data-panel={name}>
      <h2>{title}</h2>
      {state === null && <p role="status">Loading …</p>}
      {state !== null && "failure" in state && (
        <Failed failure={state.failure}>
          {/* A browser asks for a script that did not come once only; what is on the screen is in the address. */}
          <button type="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </Failed>
      )}
      {state !== null && "Panel" in state && <state.Panel />}
    </section>
  );
}
