import type { Accuracy } from "./accuracy.ts";
import type { Measured } from "./measure.ts";

/** One line of the table of aims: what is measured, the aim, and whether it is reached (null: not measured). */
export interface Bar {
  readonly name: string;
  readonly bar: string;
  readonly measured: string;
  readonly met: boolean | null;
}

/** Title of the base model's results where graphs are compared on the same runtimes. */
export const GRAPHS = "base graphs";

/** Contenders that stand for the same thing; the fastest of them counts. */
const WEB = ["ort-web"];
const WEB_INT8 = ["ort-web-q8", "ort-web-int8"];
const NODE = ["ort-node"];
const TRANSFORMERS_JS = ["transformers-js", "transformers-js-single"];

interface Aim {
  /** What the results are listed under. */
  readonly model: string;
  readonly ours: string;
  readonly workload: string;
  readonly threads: number;
  readonly against: readonly string[];
  readonly most: number;
}

const aim = (
  ours: string,
  workload: string,
  threads: number,
  against: readonly string[],
  most: number,
  model = "base",
): Aim => ({
  model,
  ours,
  workload,
  threads,
  against,
  most,
});

/** Ratios of lowest times on the base model; below 1 means that ours is faster. */
const AIMS: readonly Aim[] = [
  ...["1x128", "8x128"].flatMap((workload) => [
    aim("ours", workload, 1, WEB, 0.55),
    aim("ours", workload, 2, WEB, 0.45),
  ]),
  ...[1, 2].map((threads) => aim("ours-int8", "1x128", threads, WEB_INT8, 0.15)),
  ...["1x128", "8x128"].flatMap((workload) =>
    [1, 2].flatMap((threads) => [
      aim("ours-int8", workload, threads, NODE, 0.8),
      aim("ours-int8", workload, threads, ["pytorch"], 0.8),
    ]),
  ),
  ...[1, 2].map((threads) => aim("ours", "1x16", threads, WEB, 0.35)),
  ...[1, 2].map((threads) => aim("ours-int8", "sentences", threads, TRANSFORMERS_JS, 0.5)),
];

/** Our graphs against the exporter's, each on the same runtime. */
const GRAPH_AIMS: readonly Aim[] = [1, 2].flatMap((threads) => [
  ...["1x16", "1x128", "8x128"].flatMap((workload) => [
    aim("ort-node-own", workload, threads, NODE, 0.75, GRAPHS),
    aim("ort-web-own", workload, threads, WEB, 0.8, GRAPHS),
    aim("ort-node-own-int8", workload, threads, ["ort-node-q8", "ort-node-int8"], 0.6, GRAPHS),
  ]),
  aim("transformers-js-own", "sentences", threads, ["transformers-js"], 1, GRAPHS),
  aim("transformers-js-own-q8", "sentences", threads, ["transformers-js-q8"], 1, GRAPHS),
]);

/** How many times faster two threads are to be than one. */
const SCALING = 1.8;
/** Part of the test set that gets the same label in int8, and by how much the score may differ. */
const SAME_LABEL = 0.99;
const SCORE_DIFFERENCE = 0.005;

/** What became of every aim. */
export function evaluateBars(results: readonly Measured[], accuracy: readonly Accuracy[] = []): Bar[] {
  const lowest = (
    contenders: readonly string[],
    workload: string,
    threads: number,
    model = "base",
  ): Measured | undefined =>
    results
      .filter(
        (r) =>
          r.model === model && contenders.includes(r.contender) && r.workload === workload && r.threads === threads,
      )
      .toSorted((a, b) => a.lowestMs - b.lowestMs)[0];
  // With V8's flag, which is opt-in, against peers that have it or not, whichever is faster.
  const wide = AIMS.map((each) => ({
    ...each,
    ours: `${each.ours}-wide`,
    against: each.against.flatMap((name) => [name, `${name}-wide`]),
  }));
  const ratios = [...AIMS, ...wide, ...GRAPH_AIMS].map(({ model, ours, workload, threads, against, most }): Bar => {
    const mine = lowest([ours], workload, threads, model);
    const theirs = lowest(against, workload, threads, model);
    const ratio = mine && theirs ? mine.lowestMs / theirs.lowestMs : null;
    return {
      name: `${ours} ${workload}, ${threads} thread(s), against ${theirs?.contender ?? against.join(" or ")}`,
      bar: `at most ${most}`,
      measured: ratio === null ? "not measured" : ratio.toFixed(3),
      met: ratio === null ? null : ratio <= most,
    };
  });
  const one = lowest(["ours"], "8x128", 1);
  const two = lowest(["ours"], "8x128", 2);
  const scaling = one && two ? one.lowestMs / two.lowestMs : null;
  return [
    ...ratios,
    {
      name: "ours 8x128, 2 threads against 1",
      bar: `at least ${SCALING} times faster`,
      measured: scaling === null ? "not measured" : scaling.toFixed(2),
      met: scaling === null ? null : scaling >= SCALING,
    },
    ...accuracy.map(
      ({ model, bits, same, float32, int8 }): Bar => ({
        name: `ours-int8 in ${bits} bits on ${model}, against float32`,
        bar: `same label on ${SAME_LABEL * 100}%, score within ${SCORE_DIFFERENCE * 100} points`,
        measured: `${(same * 100).toFixed(1)}%, ${((int8 - float32) * 100).toFixed(2)} points`,
        met: same >= SAME_LABEL && Math.abs(int8 - float32) <= SCORE_DIFFERENCE,
      }),
    ),
  ];
}
