import { type Bar, Bars } from "../../ui/bars.js";
import type { Failure, Measured, RuntimeSetting } from "../../worker/protocol.js";
import { nameOf } from "./settings.js";

/** A setting with what came of it. */
export interface Row {
  readonly setting: RuntimeSetting;
  readonly outcome: { readonly value: Measured } | { readonly failure: Failure };
}

/** Milliseconds as bars, the quickest first, and how far the outputs lie apart; what could not run says why. */
export function MeasuredBars({ rows }: { rows: readonly Row[] }) {
  const all = rows.flatMap(({ outcome }) => ("value" in outcome ? [outcome.value] : []));
  const [first] = all;
  const slowest = Math.max(...all.map(({ milliseconds }) => milliseconds));
  const bars = [...all]
    .sort((a, b) => a.milliseconds - b.milliseconds)
    .map(
      (one): Bar => ({
        key: nameOf(one),
        label: nameOf(one),
        share: one.milliseconds / slowest,
        value: `${one.milliseconds.toFixed(2)} ms`,
        below: (
          <span class="hint">
            ready in {(one.loadMilliseconds / 1000).toFixed(2)} s;{" "}
            {one === first ? "the others are compared with it" : distance(one.output, first!.output)}
          </span>
        ),
      }),
    );
  return (
    <>
      <Bars label="Milliseconds of each setting, the quickest first" bars={bars} />
      {rows.map(({ setting, outcome }) =>
        "failure" in outcome ? (
          <p key={nameOf(setting)} class="hint" data-failed={nameOf(setting)}>
            <strong>{nameOf(setting)}</strong> could not run: <bdi>{outcome.failure.message}</bdi>
          </p>
        ) : null,
      )}
    </>
  );
}

/** The largest difference, relative to the largest value. */
function distance(output: Float32Array, base: Float32Array): string {
  const largest = base.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const gap = base.reduce((most, value, index) => Math.max(most, Math.abs(value - output[index]!)), 0);
  return gap === 0 ? "outputs are equal" : `outputs differ by ${(gap / (largest || 1)).toExponential(1)}`;
}
