import { proxy } from "comlink";
import { useState } from "preact/hooks";
import { isShipped } from "../../shipped.js";
import { addOwnModel, replaceInput } from "../../state/store.js";
import { failureOf, settled, stop, worker } from "../../state/worker.js";
import { download } from "../../ui/download.js";
import { Failed } from "../../ui/failure.js";
import type { Failure, ModelRef, TrainEvent, Trained } from "../../worker/protocol.js";
import { Curves, type Point } from "./curves.js";
import { EXAMPLE_LINES } from "./example-lines.js";

/** Those that come with the page, the best to start from first. */
const STARTS = ["sentence-encoder", "sentiment"].filter(isShipped);

/** Trains a classifier on labelled lines in the worker, watches, stops, goes on. */
export default function Train() {
  const [file, setFile] = useState({ name: "lines.txt", data: "" });
  const [epochs, setEpochs] = useState(6);
  const [rate, setRate] = useState(1e-3);
  const [start, setStart] = useState(STARTS[0]!);
  const [isRunning, setRunning] = useState(false);
  const [canGoOn, setGoOn] = useState(false);
  const [points, setPoints] = useState<readonly Point[]>([]);
  const [said, say] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [trained, setTrained] = useState<Trained | null>(null);

  const onEvent = (event: TrainEvent) => {
    if (event.type === "start") {
      say(`${event.examples} lines to learn from, step ${event.step} of ${event.totalSteps}`);
    } else if (event.type === "step") {
      say(`Step ${event.step} of ${event.totalSteps}, about ${Math.ceil(event.secondsLeft)} s left`);
      setPoints((old) => [...old, { step: event.step, loss: event.loss }]);
    } else {
      setPoints((old) => [...old, { step: event.step, accuracy: event.accuracy }]);
    }
  };

  async function run(goOn: boolean): Promise<void> {
    setRunning(true);
    setFailure(null);
    setTrained(null);
    if (!goOn) setPoints([]);
    const model: ModelRef = { kind: "shipped", name: start };
    try {
      const request = { ...file, epochs, learningRate: rate, start: model, goOn };
      setTrained(await settled(worker.train(request, proxy(onEvent))));
      setGoOn(false);
      say("");
    } catch (error) {
      const why = failureOf(error);
      setGoOn(why.code === "aborted");
      if (why.code === "aborted") say("Stopped. It can go on from here.");
      else setFailure(why);
    } finally {
      setRunning(false);
    }
  }

  return (
    <>
      <p class="hint">
        A line is a label, a tab (or a space), and a text; CSV, TSV and JSONL files with the columns text and label do
        as well. One line in five is kept to measure. The lines never leave this page.
      </p>
      <label class="field">
        <span>Labelled lines</span>
        <textarea
          class="tabbed"
          rows={6}
          dir="auto"
          value={file.data}
          placeholder={"praise\tA wonderful evening.\nblame\tThe food was cold."}
          spellcheck={false}
          disabled={isRunning}
          onInput={(event) => setFile({ name: "lines.txt", data: event.currentTarget.value })}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            const [dropped] = event.dataTransfer?.files ?? [];
            if (dropped === undefined) return;
            event.preventDefault();
            void dropped.text().then((data) => setFile({ name: dropped.name, data }));
          }}
        />
      </label>
      <p class="examples">
        <button
          type="button"
          disabled={isRunning}
          aria-pressed={file.data === EXAMPLE_LINES}
          onClick={() => setFile({ name: "lines.txt", data: EXAMPLE_LINES })}
        >
          Take example lines
        </button>
      </p>
      <div class="row">
        <label class="field small">
          <span>Start from</span>
          <select value={start} disabled={isRunning} onChange={(event) => setStart(event.currentTarget.value)}>
            {STARTS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field small">
          <span>Epochs</span>
          <input
            type="number"
            min={1}
            max={200}
            value={epochs}
            disabled={isRunning}
            onInput={(event) => setEpochs(Math.max(1, Math.round(Number(event.currentTarget.value)) || 1))}
          />
        </label>
        <label class="field small">
          <span>Learning rate</span>
          <select
            value={String(rate)}
            disabled={isRunning}
            onChange={(event) => setRate(Number(event.currentTarget.value))}
          >
            {[1e-4, 3e-4, 5e-4, 1e-3].map((value) => (
              <option key={value}>{value}</option>
            ))}
          </select>
        </label>
      </div>
      <p class="row">
        {isRunning ? (
          <button type="button" onClick={() => stop("train")}>
            Stop
          </button>
        ) : (
          <button type="button" class="main" disabled={file.data.trim() === ""} onClick={() => run(false)}>
            Train
          </button>
        )}
        {canGoOn && !isRunning && (
          <button type="button" onClick={() => run(true)}>
            Go on
          </button>
        )}
        <span role="status">{said}</span>
      </p>
      {failure !== null && <Failed failure={failure}>Put the lines right, and train again.</Failed>}
      {(isRunning || points.length > 0) && <Curves points={points} />}
      {trained !== null && <Done trained={trained} />}
    </>
  );
}

function Done({ trained: { model, accuracy, steps, heldOut } }: { trained: Trained }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const save = async (format: string) => {
    setFailure(null);
    try {
      const made = await settled(worker.convert({ model, format, dtype: "float32" }));
      download(made.name, made.zip);
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <div class="done" data-trained>
      <p>
        Trained in {steps} steps
        {accuracy !== null && `; ${(accuracy * 100).toFixed(0)}% of the ${heldOut} lines kept aside are right`}.
      </p>
      <p class="row">
        <button
          type="button"
          onClick={() => {
            addOwnModel(model, ["text-classification", "feature-extraction"], "text-classification");
            replaceInput({});
            document.querySelector<HTMLTextAreaElement>(".form textarea")?.focus();
          }}
        >
          Try it
        </button>
        <button type="button" onClick={() => save("safetensors")}>
          Download (safetensors)
        </button>
        <button type="button" onClick={() => save("pytorch")}>
          Download (PyTorch)
        </button>
        <button type="button" onClick={() => save("onnx")}>
          Download (ONNX)
        </button>
      </p>
      {failure !== null && <Failed failure={failure} />}
    </div>
  );
}
