import { useState } from "preact/hooks";
import { input, isComplete, model, task, titleOf } from "../../state/store.js";
import { failureOf, settled, worker } from "../../state/worker.js";
import { Failed } from "../../ui/failure.js";
import { Scroll } from "../../ui/scroll.js";
import type { Failure, Measured, RuntimeName, RuntimeSetting } from "../../worker/protocol.js";

/** Threads of the settings that use several. */
const MANY = Math.min(8, Math.max(2, navigator.hardwareConcurrency ?? 2));

const SETTINGS: readonly RuntimeSetting[] = [
  { runtime: "core", dtype: "float32", threads: 1 },
  { runtime: "core", dtype: "int8", threads: 1 },
  { runtime: "core", dtype: "float32", threads: MANY },
  { runtime: "core", dtype: "int8", threads: MANY },
  { runtime: "onnx", dtype: "float32", threads: 1 },
  { runtime: "onnx", dtype: "int8", threads: 1 },
  { runtime: "tfjs", dtype: "float32", threads: 1 },
];

const RUNTIMES: Readonly<Record<RuntimeName, string>> = {
  core: "ConvBERT's own",
  onnx: "onnxruntime-web",
  tfjs: "TensorFlow.js",
};

const nameOf = ({ runtime, dtype, threads }: RuntimeSetting) =>
  `${RUNTIMES[runtime]} ${dtype}, ${threads} ${threads === 1 ? "thread" : "threads"}`;

const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** The same model and text in every setting that this browser has: times, and how far outputs lie apart. */
export default function Runtimes() {
  const source = model.value;
  const [measured, setMeasured] = useState<readonly Measured[]>([]);
  const [now, setNow] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [chosen, choose] = useState<readonly RuntimeName[]>(["core"]);
  const canShare = globalThis.crossOriginIsolated;

  async function run(): Promise<void> {
    setMeasured([]);
    setFailure(null);
    try {
      for (const setting of SETTINGS) {
        if (!chosen.includes(setting.runtime) || (setting.threads > 1 && !canShare)) continue;
        setNow(nameOf(setting));
        const one = await settled(worker.measure(task.value, source!, input.value, setting));
        setMeasured((old) => [...old, one]);
      }
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setNow(null);
    }
  }

  const slowest = Math.max(...measured.map(({ milliseconds }) => milliseconds));
  const [first] = measured;
  return (
    <>
      <p>
        This page{" "}
        {canShare
          ? "is isolated from others, so that threads can share memory"
          : "is not isolated from others, so that only one thread can run"}
        ; the browser offers {navigator.hardwareConcurrency ?? "an unknown number of"} processors.
        {first !== undefined && ` The kernels that ran: ${first.backend.replace(/, \d+ threads?/, "")}.`}
      </p>
      {!canShare && (
        <p class="hint">
          After the first visit the page isolates itself:{" "}
          <button type="button" class="quiet" onClick={() => location.reload()}>
            load it again
          </button>
        </p>
      )}
      <fieldset class="row" aria-label="Runtimes">
        {RUNTIME_NAMES.map((name) => (
          <label key={name} class="switch">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              disabled={now !== null}
              onChange={({ currentTarget: { checked } }) =>
                choose(checked ? [...chosen, name] : chosen.filter((other) => other !== name))
              }
            />
            {RUNTIMES[name]}
          </label>
        ))}
      </fieldset>
      <p class="row">
        {now === null ? (
          <button
            type="button"
            class="main"
            disabled={source === null || !isComplete.value || chosen.length === 0}
            onClick={run}
          >
            Measure
          </button>
        ) : (
          <button type="button" onClick={() => worker.stop("measure")}>
            Stop
          </button>
        )}
        <span role="status">
          {now !== null
            ? `Running ${now} …`
            : source === null || !isComplete.value
              ? "Type something above first."
              : `The text above with ${titleOf(source)}.`}
        </span>
      </p>
      {failure !== null && <Failed failure={failure}>Measure again, or take another model.</Failed>}
      {measured.length > 0 && (
        <Scroll label="Measured">
          <table class="measured">
            <thead>
              <tr>
                <th scope="col">setting</th>
                <th scope="col">milliseconds</th>
                <th scope="col">ready in</th>
                <th scope="col">furthest from the first</th>
              </tr>
            </thead>
            <tbody>
              {measured.map((one) => (
                <tr key={nameOf(one)} data-setting={nameOf(one)}>
                  <th scope="row">{nameOf(one)}</th>
                  <td>
                    <span class="bar" aria-hidden="true">
                      <span style={{ width: `${(one.milliseconds / slowest) * 100}%` }} />
                    </span>{" "}
                    {one.milliseconds.toFixed(2)}
                  </td>
                  <td>{(one.loadMilliseconds / 1000).toFixed(2)} s</td>
                  <td>{one === first ? "–" : distance(one.output, first!.output)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <p class="hint">
        Other runtimes are loaded when they are ticked and measured (some megabytes). The lowest of at least five runs,
        tokens to numbers. “Furthest” is the largest difference of any output number, as a part of the largest one. A
        busy machine makes all of them slower.
      </p>
    </>
  );
}

/** The largest difference, relative to the largest value. */
function distance(output: Float32Array, base: Float32Array): string {
  const largest = base.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const gap = base.reduce((most, value, index) => Math.max(most, Math.abs(value - output[index]!)), 0);
  return gap === 0 ? "equal" : (gap / (largest || 1)).toExponential(1);
}
