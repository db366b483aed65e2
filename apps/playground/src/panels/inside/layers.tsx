import { useState } from "preact/hooks";
import { HeatMap } from "../../ui/heat-map.js";
import type { Grid, Layers } from "../../worker/protocol.js";
import { GridTable } from "./grid-table.js";
import { TokenMap } from "./token-map.js";

/** `[length, length]`: a row for each token, what it attends to. */
function attentionOf({ data, shape }: Grid, head: number): Float32Array {
  const size = shape[1]! * shape[2]!;
  return data.subarray(head * size, (head + 1) * size);
}

/** `[length, taps]`: a row for each token, how its kernel weighs its neighbours. */
function kernelsOf({ data, shape }: Grid, head: number): Float32Array {
  const [length, heads, taps] = shape as [number, number, number];
  const rows = new Float32Array(length * taps);
  for (let token = 0; token < length; token++) {
    const start = (token * heads + head) * taps;
    rows.set(data.subarray(start, start + taps), token * taps);
  }
  return rows;
}

/** Each layer's heads: their attention, and the kernels of their convolution. */
export function LayersView({ layers }: { layers: Layers }) {
  const [layer, setLayer] = useState(0);
  const [head, setHead] = useState(0);
  const [token, setToken] = useState(1);
  const { tokens } = layers;
  const length = tokens.length;
  const [shownLayer, heads] = [
    Math.min(layer, layers.attentions.length - 1),
    layers.kernels.map(({ shape }) => shape[1]!),
  ];
  const shownHead = Math.min(head, heads[shownLayer]! - 1);
  const shownToken = Math.min(token, length - 1);
  const taps = layers.kernels[shownLayer]!.shape[2]!;
  const reach = (taps - 1) / 2;
  const attention = attentionOf(layers.attentions[shownLayer]!, shownHead);
  const kernels = kernelsOf(layers.kernels[shownLayer]!, shownHead);
  const attended = attention.subarray(shownToken * length, (shownToken + 1) * length);
  const kernel = kernels.subarray(shownToken * taps, (shownToken + 1) * taps);
  const neighbours = Array.from({ length: taps }, (_, tap) => {
    const place = shownToken + tap - reach;
    return place < 0 ? "before the text" : place >= length ? "after the text" : tokens[place]!;
  });
  return (
    <section class="layers">
      <h3>Attention and dynamic kernels</h3>
      <p class="hint">
        Half of each layer attends to the whole text; the other half is a convolution, whose kernel every token makes
        for itself. Choose a head, then a token.
      </p>
      <fieldset class="heads" aria-label="Heads of all layers">
        {layers.attentions.map((grid, ofLayer) => (
          <div key={ofLayer} class="layer">
            <span>Layer {ofLayer + 1}</span>
            <div class="row">
              {Array.from({ length: heads[ofLayer]! }, (_, ofHead) => (
                <button
                  key={ofHead}
                  type="button"
                  aria-pressed={ofLayer === shownLayer && ofHead === shownHead}
                  aria-label={`Layer ${ofLayer + 1}, head ${ofHead + 1}`}
                  onClick={() => {
                    setLayer(ofLayer);
                    setHead(ofHead);
                  }}
                >
                  <HeatMap data={attentionOf(grid, ofHead)} rows={length} columns={length} />
                  <HeatMap
                    data={kernelsOf(layers.kernels[ofLayer]!, ofHead)}
                    rows={length}
                    columns={taps}
                    signed
                    class="kernels"
                  />
                </button>
              ))}
            </div>
          </div>
        ))}
      </fieldset>
      <p class="strip" dir="auto">
        {tokens.map((text, place) => {
          const tap = place - shownToken + reach;
          const weight = tap >= 0 && tap < taps ? kernel[tap]! : 0;
          return (
            <button
              key={place}
              type="button"
              aria-pressed={place === shownToken}
              onPointerEnter={() => setToken(place)}
              onFocus={() => setToken(place)}
              onClick={() => setToken(place)}
              style={{ "--attention": strength(attended[place]!), "--kernel": strength(weight) }}
              title={`attention ${attended[place]!.toFixed(3)}, kernel ${weight.toFixed(3)}`}
            >
              <bdi>{text}</bdi>
            </button>
          );
        })}
      </p>
      <p class="hint" aria-live="polite">
        In layer {shownLayer + 1}, head {shownHead + 1}, <bdi class="token">{tokens[shownToken]}</bdi> attends most to{" "}
        <bdi class="token">{tokens[largest(attended)]}</bdi> ({largestValue(attended)}, blue), and its kernel weighs
        most <bdi class="token">{neighbours[largest(kernel)]}</bdi> at {signed(largest(kernel) - reach)} (
        {largestValue(kernel)}, orange line).
      </p>
      <div class="maps">
        <TokenMap
          tokens={tokens}
          columns={tokens}
          data={attention}
          chosen={shownToken}
          choose={setToken}
          caption="Attention: a row for each token, a column for each that it attends to."
        />
        <TokenMap
          tokens={tokens}
          columns={Array.from({ length: taps }, (_, tap) => signed(tap - reach))}
          data={kernels}
          isSigned
          chosen={shownToken}
          choose={setToken}
          caption="Kernels: a row for each token, a column for each neighbour; 0 is the token itself."
        />
      </div>
      <GridTable title="Attention as a table" rows={tokens} columns={tokens} data={attention} />
      <GridTable
        title="Kernels as a table"
        rows={tokens}
        columns={Array.from({ length: taps }, (_, tap) => signed(tap - reach))}
        data={kernels}
      />
    </section>
  );
}

/** Small values shall be seen, too. */
function strength(value: number): string {
  return Math.sqrt(Math.max(0, value)).toFixed(3);
}

function signed(offset: number): string {
  return offset > 0 ? `+${offset}` : String(offset);
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}

function largestValue(values: Float32Array): string {
  return values[largest(values)]!.toFixed(2);
}
