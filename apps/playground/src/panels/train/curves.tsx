import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { Scroll } from "../../ui/scroll.js";
import "uplot/dist/uPlot.min.css";
import { theme } from "../../state/theme.js";

/** A step's loss, or an evaluation's accuracy. */
export interface Point {
  readonly step: number;
  readonly loss?: number;
  readonly accuracy?: number;
}

const HEIGHT = 220;

/** Loss and accuracy over the steps; the numbers of the evaluations stand below. */
export function Curves({ points }: { points: readonly Point[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = theme.value;

  // Another colour scheme is another plot.
  useEffect(() => {
    const element = place.current!;
    const ink = getComputedStyle(element).color;
    const axis = { stroke: ink, grid: { stroke: "#8884", width: 1 } };
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        cursor: { show: false },
        legend: { live: false },
        scales: { x: { time: false }, accuracy: { range: [0, 1] } },
        series: [
          { label: "step" },
          { label: "loss", stroke: "#e07a1f", width: 2, points: { show: false } },
          { label: "accuracy of the lines kept aside", stroke: "#406ee6", width: 2, scale: "accuracy", spanGaps: true },
        ],
        axes: [axis, { ...axis, size: 44 }, { ...axis, scale: "accuracy", side: 1, size: 44, grid: { show: false } }],
      },
      dataOf(points),
      element,
    );
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [scheme]);

  useEffect(() => {
    plot.current?.setData(dataOf(points));
  }, [points]);

  const evaluations = points.filter(({ accuracy }) => accuracy !== undefined);
  return (
    <>
      <div ref={place} class="curves" aria-hidden="true" />
      <details>
        <summary>Evaluations as a table</summary>
        <Scroll label="Evaluations">
          <table>
            <thead>
              <tr>
                <th scope="col">step</th>
                <th scope="col">accuracy</th>
              </tr>
            </thead>
            <tbody>
              {evaluations.map(({ step, accuracy }) => (
                <tr key={step}>
                  <td>{step}</td>
                  <td>{accuracy!.toFixed(3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  );
}

/** A row for each step; a step may have both numbers. */
function dataOf(points: readonly Point[]): uPlot.AlignedData {
  const rows = new Map<number, { loss: number | null; accuracy: number | null }>();
  for (const { step, loss, accuracy } of points) {
    const row = rows.get(step) ?? { loss: null, accuracy: null };
    rows.set(step, { loss: loss ?? row.loss, accuracy: accuracy ?? row.accuracy });
  }
  const sorted = [...rows].sort(([a], [b]) => a - b);
  return [sorted.map(([step]) => step), sorted.map(([, { loss }]) => loss), sorted.map(([, { accuracy }]) => accuracy)];
}
