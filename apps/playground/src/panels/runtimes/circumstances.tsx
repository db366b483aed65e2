import type { ComponentChildren } from "preact";

/** What this browser allows, in words. */
export function Circumstances({ kernels }: { kernels: string | null }) {
  const isIsolated = globalThis.crossOriginIsolated;
  const processors = navigator.hardwareConcurrency;
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    [
      "Isolation",
      isIsolated ? (
        "this page is isolated from others, so that threads can share memory."
      ) : (
        <>
          this page is not isolated from others, so that only one thread can run. After the first visit it isolates
          itself:{" "}
          <button type="button" class="quiet" onClick={() => location.reload()}>
            load it again
          </button>
        </>
      ),
    ],
    [
      "Processors",
      processors === undefined ? "the browser does not say how many." : `the browser offers ${processors}.`,
    ],
    ["Kernels", kernels === null ? "are told once something has run." : `${kernels} ran here.`],
    [
      "Threads",
      "ConvBERT's own and onnxruntime-web run with one and with several; TensorFlow.js has one, as its threads cannot start from a bundled page.",
    ],
  ];
  return (
    <dl class="circumstances">
      {facts.map(([name, words]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  );
}
