import { proxy, type Remote } from "comlink";
import { useEffect, useRef, useState } from "preact/hooks";
import { Chunks, Classes, Tokens } from "./panels.js";
import type { Analysis, LoadProgress, PlaygroundWorker, Ready } from "./protocol.js";

const EXAMPLES = [
  "How far is it from Denver to Aspen?",
  "Who wrote the opera Carmen?",
  "What does NASA stand for?",
  "He reckons the current account deficit will narrow to only 1.8 billion.",
];

/** Milliseconds without a key press before the sentence is sent to the worker. */
const TYPING_PAUSE = 120;

type State =
  | { readonly kind: "loading"; readonly progress: LoadProgress | null }
  | { readonly kind: "ready"; readonly ready: Ready }
  | { readonly kind: "failed"; readonly message: string };

export function App({ worker }: { worker: Remote<PlaygroundWorker> }) {
  const [state, setState] = useState<State>({ kind: "loading", progress: null });
  const [text, setText] = useState(EXAMPLES[0]!);
  const [analysis, setAnalysis] = useState<Analysis | null>(null);
  const latest = useRef("");

  useEffect(() => {
    worker.load(proxy((progress) => setState({ kind: "loading", progress }))).then(
      (ready) => setState({ kind: "ready", ready }),
      (error: Error) => setState({ kind: "failed", message: error.message }),
    );
  }, [worker]);

  useEffect(() => {
    latest.current = text;
    if (state.kind !== "ready") {
      return;
    }
    const timer = setTimeout(() => {
      worker.analyse(text).then(
        // A slower answer to an older sentence must not replace the newest one's.
        (result) => result.text === latest.current && setAnalysis(result),
        (error: Error) => setState({ kind: "failed", message: error.message }),
      );
    }, TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [worker, text, state.kind]);

  return (
    <main>
      <header>
        <h1>
          ConvBERT <span>playground</span>
        </h1>
        <p>Type a sentence. Two small models read it here, in your browser: nothing leaves this page.</p>
      </header>
      <label class="input">
        <span>Sentence</span>
        <textarea
          rows={2}
          value={text}
          maxLength={2000}
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <nav aria-label="Examples">
        {EXAMPLES.map((example) => (
          <button key={example} type="button" aria-pressed={example === text} onClick={() => setText(example)}>
            {example}
          </button>
        ))}
      </nav>
      <Status state={state} analysis={analysis} />
      {analysis !== null && state.kind !== "failed" && (
        <div class="panels" data-text={analysis.text}>
          <Classes classes={analysis.classes} />
          <Chunks text={analysis.text} chunks={analysis.chunks} />
          <Tokens tokens={analysis.tokens} />
        </div>
      )}
    </main>
  );
}

function Status({ state, analysis }: { state: State; analysis: Analysis | null }) {
  switch (state.kind) {
    case "loading": {
      const { loadedBytes = 0, totalBytes = 0 } = state.progress ?? {};
      const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
      return (
        <p class="status" role="status">
          <progress value={loadedBytes} max={Math.max(totalBytes, loadedBytes, 1)} /> Loading the models
          {totalBytes > 0 && `: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB`}
        </p>
      );
    }
    case "failed":
      return (
        <p class="status failed" role="alert">
          {state.message}
        </p>
      );
    default: {
      const { backend, parameters, milliseconds } = state.ready;
      return (
        <p class="status" role="status" data-ready>
          {analysis !== null && <strong>{analysis.milliseconds.toFixed(1)} ms</strong>}
          <span>{backend}</span>
          <span>{(parameters / 1e6).toFixed(1)} million parameters</span>
          <span>loaded in {(milliseconds / 1000).toFixed(2)} s</span>
        </p>
      );
    }
  }
}
