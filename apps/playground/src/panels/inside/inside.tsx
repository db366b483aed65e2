import { model, texts, titleOf } from "../../state/store.js";
import { worker } from "../../state/worker.js";
import { Failed } from "../../ui/failure.js";
import { useRequest } from "../../ui/request.js";
import { LayersView } from "./layers.js";
import { StatesView } from "./states.js";
import { TokensView } from "./tokens.js";

/** Tokens, attention, kernels and hidden states of the text on the screen. */
export default function Inside() {
  const source = model.value;
  const { text, pair } = texts.value;
  const isReady = source !== null && text.trim() !== "";
  const key = isReady ? JSON.stringify([titleOf(source), text, pair]) : null;
  const tokens = useRequest(key, () => worker.tokens(source!, text, pair));
  const layers = useRequest(key, () => worker.layers(source!, text, pair));
  if (!isReady) {
    return (
      <p class="hint">
        {source === null ? "Open a model first." : "Type something above: this shows what becomes of it."}
      </p>
    );
  }
  return (
    <>
      {tokens.failure !== null && <Failed failure={tokens.failure} />}
      {tokens.value !== null && <TokensView tokens={tokens.value} texts={pair === null ? [text] : [text, pair]} />}
      {layers.failure !== null && <Failed failure={layers.failure} />}
      {layers.value === null && layers.isRunning && <p role="status">Running the model …</p>}
      {layers.value !== null && (
        <>
          {layers.value.allTokens > layers.value.tokens.length && (
            <p class="hint">
              The text has {layers.value.allTokens} tokens; layers are shown for the first {layers.value.tokens.length},
              run alone.
            </p>
          )}
          <LayersView layers={layers.value} />
          <StatesView layers={layers.value} />
        </>
      )}
    </>
  );
}
