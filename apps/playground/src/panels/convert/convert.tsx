import { useState } from "preact/hooks";
import { model, titleOf } from "../../state/store.js";
import { failureOf, settled, stop, worker } from "../../state/worker.js";
import { download, megabytes } from "../../ui/download.js";
import { Failed } from "../../ui/failure.js";
import { useRequest } from "../../ui/request.js";
import type { Download, Failure, OutputFormat, WeightType } from "../../worker/protocol.js";

/** Before the worker has said what there is. */
const FIRST: readonly OutputFormat[] = [{ name: "safetensors", title: "safetensors", types: ["float32"] }];

/** Writes the model on the screen in another format or element type. */
export default function Convert() {
  const source = model.value;
  const formats = useRequest("formats", () => worker.formats());
  const [format, setFormat] = useState("safetensors");
  const [dtype, setDtype] = useState<WeightType>("float32");
  const [state, setState] = useState<"waiting" | "converting" | { made: Download } | { failure: Failure }>("waiting");
  if (source === null) return <p class="hint">Open a model first.</p>;
  if (formats.failure !== null) return <Failed failure={formats.failure} />;

  const all = formats.value ?? FIRST;
  const types = (all.find(({ name }) => name === format) ?? all[0]!).types;
  const type = types.includes(dtype) ? dtype : types[0]!;
  const convert = async () => {
    setState("converting");
    try {
      setState({ made: await settled(worker.convert({ model: source, format, dtype: type })) });
    } catch (error) {
      setState({ failure: failureOf(error) });
    }
  };
  return (
    <>
      <p>
        <strong>
          <bdi>{titleOf(source)}</bdi>
        </strong>
        , with its configuration and its tokenizer, as one archive. For a model of your own open it first, under “Your
        own model”.
      </p>
      <div class="row">
        <label class="field small">
          <span>Format</span>
          <select value={format} onChange={(event) => setFormat(event.currentTarget.value)}>
            {all.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="field small">
          <span>Numbers</span>
          <select value={type} onChange={(event) => setDtype(event.currentTarget.value as WeightType)}>
            {types.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {state === "converting" ? (
          <button type="button" onClick={() => stop("convert")}>
            Stop
          </button>
        ) : (
          <button type="button" class="main" onClick={convert}>
            Convert
          </button>
        )}
      </div>
      <div aria-live="polite">
        {state === "converting" && <p>Converting …</p>}
        {typeof state === "object" && "failure" in state && (
          <Failed failure={state.failure}>Choose another format or kind of numbers.</Failed>
        )}
        {typeof state === "object" && "made" in state && (
          <div data-converted={state.made.name}>
            <ul>
              {state.made.files.map(({ name, bytes }) => (
                <li key={name}>
                  <bdi>{name}</bdi>, {megabytes(bytes)}
                </li>
              ))}
            </ul>
            {state.made.leftOut.length > 0 && (
              <p class="hint">
                This format holds the encoder alone; left out: <bdi>{state.made.leftOut.join(", ")}</bdi>.
              </p>
            )}
            <button type="button" onClick={() => download(state.made.name, state.made.zip)}>
              Download {megabytes(state.made.zip.size)}
            </button>
          </div>
        )}
      </div>
    </>
  );
}
