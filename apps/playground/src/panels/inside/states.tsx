import { HeatMap } from "../../ui/heat-map.js";
import type { Grid, Layers } from "../../worker/protocol.js";
import { GridTable } from "./grid-table.js";

/** Cosine of each token's state to its state in another layer. */
function cosines(a: Grid, b: Grid): number[] {
  const [length, size] = a.shape as [number, number];
  return Array.from({ length }, (_, token) => {
    let [product, first, second] = [0, 0, 0];
    for (let at = token * size; at < (token + 1) * size; at++) {
      product += a.data[at]! * b.data[at]!;
      first += a.data[at]! ** 2;
      second += b.data[at]! ** 2;
    }
    return product / Math.sqrt(first * second || 1);
  });
}

/** Hidden states from the embeddings to the last layer, and how much each layer changes a token's. */
export function StatesView({ layers: { states, tokens } }: { layers: Layers }) {
  const names = states.map((_, index) => (index === 0 ? "embeddings" : `layer ${index}`));
  const changes = states.slice(1).map((state, index) => cosines(state, states[index]!));
  const table = new Float32Array(tokens.flatMap((_, token) => changes.map((row) => row[token]!)));
  return (
    <section class="states">
      <h3>Hidden states across layers</h3>
      <div class="maps">
        {states.map(({ data, shape }, index) => (
          <figure key={names[index]}>
            <HeatMap data={data} rows={shape[0]!} columns={shape[1]!} signed class="state" />
            <figcaption>{names[index]}</figcaption>
          </figure>
        ))}
      </div>
      <p class="hint">
        A row for each token, a column for each of {states[0]!.shape[1]} numbers; blue below zero, orange above. The
        table says how alike a token's state is before and after each layer (the cosine; 1 is no change of direction).
      </p>
      <GridTable title="Change from layer to layer as a table" rows={tokens} columns={names.slice(1)} data={table} />
    </section>
  );
}
