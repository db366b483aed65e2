import { stopAnswering, tryAgain } from "./state/answering.js";
import { answered, choosePanel, model, setInput, status, task, titleOf } from "./state/store.js";
import { TASKS } from "./tasks/registry.js";
import type { TaskView } from "./tasks/task.js";
import { megabytes } from "./ui/download.js";
import { Failed } from "./ui/failure.js";
import type { Failure } from "./worker/protocol.js";

/** The answer, or why there is none yet. */
export function Result() {
  const now = status.value;
  const shown = answered.value?.task === task.value ? answered.value : null;
  return (
    <section
      class="result"
      aria-label="Answer"
      aria-busy={now.kind === "loading" || now.kind === "working"}
      data-status={now.kind}
    >
      {now.kind === "failed" && <FailedAnswer failure={now.failure} />}
      {now.kind === "empty" && <Nothing />}
      {(now.kind === "loading" || (now.kind === "working" && shown === null)) && (
        <p class="status" role="status">
          <progress
            {...(now.kind === "loading" &&
              now.progress && { value: now.progress.loaded, max: now.progress.total || 1 })}
          />
          {now.kind === "loading" && now.progress
            ? `Loading the model: ${megabytes(now.progress.loaded)} of ${megabytes(now.progress.total)} `
            : "Preparing the model "}
          <button type="button" class="quiet" onClick={stopAnswering}>
            Stop
          </button>
        </p>
      )}
      {shown !== null && now.kind !== "failed" && now.kind !== "loading" && (
        <>
          <div class="answer" aria-live="polite" data-answer-to={JSON.stringify(shown.input)}>
            <AnswerOf />
          </div>
          {shown.warnings.map((warning) => (
            <p key={warning} class="hint">
              {warning}
            </p>
          ))}
          {shown.input["truncate"] === "yes" && <p class="hint">Only the beginning that the model takes was read.</p>}
          <p class="facts">
            <strong>{shown.milliseconds.toFixed(1)} ms</strong>
            <span>{shown.running.backend}</span>
            {shown.running.parameters !== null && (
              <span>{(shown.running.parameters / 1e6).toFixed(1)} million parameters</span>
            )}
            <span>model ready in {(shown.running.loadMilliseconds / 1000).toFixed(2)} s</span>
          </p>
        </>
      )}
    </section>
  );
}

function AnswerOf() {
  const { answer, input, task: name } = answered.value!;
  const { Answer } = TASKS[name] as TaskView;
  const title = model.value === null ? "" : titleOf(model.value);
  return <Answer answer={answer as never} input={input} model={title} change={setInput} />;
}

function Nothing() {
  if (model.value !== null) {
    return <p class="hint nothing">Type something, or take one of the examples: the answer appears here.</p>;
  }
  return (
    <div class="hint nothing">
      <p>No model that comes with this page does this. It takes {TASKS[task.value].needs}.</p>
      <button type="button" onClick={() => choosePanel("own-model")}>
        Open a model of yours
      </button>
    </div>
  );
}

/** Each kind of failure has a way on of its own, and all can be tried again. */
function FailedAnswer({ failure }: { failure: Failure }) {
  return (
    <Failed failure={failure}>
      {failure.code === "too-long" && (
        <button type="button" onClick={() => setInput({ truncate: "yes" })}>
          Read only its beginning
        </button>
      )}
      <button type="button" onClick={tryAgain}>
        Try again
      </button>
      <button type="button" class="quiet" onClick={() => choosePanel("own-model")}>
        Open another model
      </button>
    </Failed>
  );
}
