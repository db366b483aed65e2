import { useState } from "preact/hooks";
import { answered, input, isComplete, model, task, titleOf } from "../../state/store.js";
import { failureOf, settled, stop, worker } from "../../state/worker.js";
import type { RuntimeName } from "../../worker/protocol.js";
import { Circumstances } from "./circumstances.js";
import { MeasuredBars, type Row } from "./measured.js";
import { nameOf, RUNTIMES, SETTINGS } from "./settings.js";

const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** The same model and text in every setting that this browser has: times, and how far outputs lie apart. */
export default function Runtimes() {
  const source = model.value;
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [now, setNow] = useState<string | null>(null);
  const [chosen, choose] = useState<readonly RuntimeName[]>(["core"]);
  const canRun = source !== null && isComplete.value;

  async function run(): Promise<void> {
    setRows([]);
    for (const setting of SETTINGS) {
      if (!chosen.includes(setting.runtime) || (setting.threads > 1 && !globalThis.crossOriginIsolated)) continue;
      setNow(nameOf(setting));
      try {
        const value = await settled(worker.measure(task.value, source!, input.value, setting));
        setRows((old) => [...old, { setting, outcome: { value } }]);
      } catch (error) {
        const failure = failureOf(error);
        if (failure.code === "aborted") break;
        // The others may be able to.
        setRows((old) => [...old, { setting, outcome: { failure } }]);
      }
    }
    setNow(null);
  }

  const core = rows.find(({ setting, outcome }) => setting.runtime === "core" && "value" in outcome)?.outcome;
  const backend = core !== undefined && "value" in core ? core.value.backend : answered.value?.running.backend;
  return (
    <>
      <Circumstances kernels={backend?.replace(/, \d+ threads?.*/, "") ?? null} />
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
          <button type="button" class="main" disabled={!canRun || chosen.length === 0} onClick={run}>
            Measure
          </button>
        ) : (
          <button type="button" onClick={() => stop("measure")}>
            Stop
          </button>
        )}
        <span role="status">
          {now !== null
            ? `Running ${now} …`
            : canRun
              ? `The text above with ${titleOf(source)}.`
              : "Type something above first."}
        </span>
      </p>
      {rows.length > 0 && <MeasuredBars rows={rows} />}
      <p class="hint">
        Other runtimes are loaded when they are ticked and measured (some megabytes). The lowest of at least five runs,
        tokens to numbers. Differences are the largest of any output number, as a part of the largest one. A busy
        machine makes all of them slower.
      </p>
    </>
  );
}
