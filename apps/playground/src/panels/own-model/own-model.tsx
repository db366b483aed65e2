import { useRef, useState } from "preact/hooks";
import { addOwnModel } from "../../state/store.js";
import { failureOf, settled, worker } from "../../state/worker.js";
import { TASKS } from "../../tasks/registry.js";
import { Failed } from "../../ui/failure.js";
import type { Description, Failure, ModelRef, NamedFile } from "../../worker/protocol.js";
import { droppedFiles, named } from "./dropped.js";

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "reading"; readonly what: string }
  | { readonly kind: "read"; readonly model: ModelRef; readonly description: Description }
  | { readonly kind: "failed"; readonly failure: Failure };

const WEIGHTS = /\.(safetensors|bin|h5|onnx|index)$/;

/** Opens a folder, files, an address or a hub id, and says what is in it. */
export default function OwnModel() {
  const [state, setState] = useState<State>({ kind: "waiting" });
  const [address, setAddress] = useState("");
  const [isOver, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);

  async function read(what: string, open: () => Promise<ModelRef>): Promise<void> {
    setState({ kind: "reading", what });
    try {
      const model = await open();
      const description = await settled(worker.describe(model));
      if (description.tasks.length > 0) addOwnModel(model, description.tasks, undefined);
      setState({ kind: "read", model, description });
    } catch (error) {
      setState({ kind: "failed", failure: failureOf(error) });
    }
  }

  const keep = (chosen: readonly NamedFile[]) => {
    if (chosen.length === 0) return;
    const [folder = "", ...inside] = chosen[0]!.path.split("/");
    // Loose files are called by what is the model among them.
    const weights = chosen.find(({ path }) => WEIGHTS.test(path))?.path;
    const title = inside.length > 0 ? folder : (weights ?? folder);
    void read(title, () => settled(worker.keep(chosen, title)));
  };

  return (
    <>
      <p class="hint">
        Weights of any kind (safetensors, PyTorch’s .bin, TensorFlow’s .h5, an ONNX graph, a TensorFlow 1 checkpoint),
        config.json, and the tokenizer’s vocab.txt or tokenizer.json. Files that you choose are read here and go
        nowhere.
      </p>
      <section
        aria-label="Files"
        class={`drop ${isOver ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(keep);
        }}
      >
        <span>Drop a folder or files here, or</span>
        <button type="button" onClick={() => folder.current!.click()}>
          choose a folder
        </button>
        <button type="button" onClick={() => files.current!.click()}>
          choose files
        </button>
        <input
          ref={folder}
          type="file"
          hidden
          aria-label="Folder of a model"
          {...{ webkitdirectory: true }}
          onChange={(event) => keep(named(event.currentTarget.files ?? []))}
        />
        <input
          ref={files}
          type="file"
          hidden
          multiple
          aria-label="Files of a model"
          onChange={(event) => keep(named(event.currentTarget.files ?? []))}
        />
      </section>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const given = address.trim();
          if (given !== "") void read(given, async () => ({ kind: "address", address: given }));
        }}
      >
        <label class="field">
          <span>Address of a folder, or a hub id</span>
          <input
            type="text"
            value={address}
            placeholder="YituTech/conv-bert-base"
            spellcheck={false}
            onInput={(event) => setAddress(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
      {state.kind === "reading" && (
        <p role="status">
          Reading <bdi>{state.what}</bdi> …
        </p>
      )}
      {state.kind === "failed" && <Failed failure={state.failure}>Choose other files, or another address.</Failed>}
      {state.kind === "read" && <Described model={state.model} description={state.description} />}
    </>
  );
}

function Described({
  model,
  description: { location, files, parts, tasks },
}: {
  model: ModelRef;
  description: Description;
}) {
  return (
    <div class="described" data-tasks={tasks.join(" ")}>
      <ul class="parts">
        {parts.map(({ part, ok, text }) => (
          <li key={part} class={ok ? "ok" : "missing"} data-part={part}>
            <strong>
              {ok ? "✓" : "✗"} {part}
            </strong>{" "}
            <bdi>{text}</bdi>
          </li>
        ))}
      </ul>
      {tasks.length === 0 ? (
        <p class="hint">
          It cannot run like this: what is marked ✗ is missing or damaged. Add it and choose all files again.
        </p>
      ) : (
        <p class="row">
          <span>Use it for</span>
          {tasks.map((name) => (
            <button key={name} type="button" onClick={() => addOwnModel(model, tasks, name)}>
              {TASKS[name].title}
            </button>
          ))}
        </p>
      )}
      <details>
        <summary>{files === null ? "Where it is" : `${files.length} files`}</summary>
        <p>
          <bdi>{files === null ? location : files.join(", ")}</bdi>
        </p>
      </details>
    </div>
  );
}
