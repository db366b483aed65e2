import type { PlateauState } from "../schedule/plateau.js";
import { TrainerCheckpointError } from "./error.js";

/** The evaluation with the best score so far. */
export interface BestEvaluation {
  readonly score: number;
  readonly step: number;
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Where its weights are; null where no checkpoints are kept. */
  readonly checkpoint: string | null;
}

/**
 * Where a run stands between two steps. With the weights and the optimizer's state it decides everything that follows:
 * orders, dropout and masks depend on the seed and these counters alone.
 */
export interface TrainerState {
  /** Optimizer steps taken. */
  step: number;
  /** Steps that have changed the weights: all but those whose batches had no labels. */
  updates: number;
  /** From 0: the epoch that the next batch belongs to. */
  epoch: number;
  /** Batches of this epoch that are done. */
  batch: number;
  /** Batches of the whole run that are done. */
  batchesSeen: number;
  /** Tokens of the whole run, without padding. */
  tokens: number;
  /** Seconds of training so far, those before interruptions included. */
  seconds: number;
  /** Sum and number of the steps' losses since the last evaluation. */
  lossSum: number;
  lossCount: number;
  /** The next thing is an evaluation. */
  evaluationDue: boolean;
  /** Evaluations since the score was last better than ever. */
  sinceBest: number;
  best: BestEvaluation | null;
  /** Where a schedule that waits for a plateau stands. */
  plateau: PlateauState | null;
  /** A callback has asked for the end. */
  stopping: boolean;
  /** The run is over: all steps are done, or it has stopped early. */
  done: "finished" | "stopped-early" | "stopped-by-callback" | null;
  /** Bytes of the log that belong to what was done so far. */
  logBytes: number;
}

/** What decides a run's course. A run can only go on with the same. */
export type Fingerprint = Readonly<Record<string, unknown>>;

const FORMAT = 1;

export function initialState(): TrainerState {
  return {
    step: 0,
    updates: 0,
    epoch: 0,
    batch: 0,
    batchesSeen: 0,
    tokens: 0,
    seconds: 0,
    lossSum: 0,
    lossCount: 0,
    evaluationDue: false,
    sinceBest: 0,
    best: null,
    plateau: null,
    stopping: false,
    done: null,
    logBytes: 0,
  };
}

/** A state as the text of `trainer_state.json`. */
export function stateToJson(state: TrainerState, options: Fingerprint): string {
  return `${JSON.stringify({ format: FORMAT, state, options }, null, 2)}\n`;
}

/** Fields that may be null, and what they are otherwise. */
const NULLABLE: Readonly<Record<string, "object" | "string">> = { best: "object", plateau: "object", done: "string" };

/** Reads what {@link stateToJson} has written. Throws TrainerCheckpointError. */
export function stateFromJson(text: string, checkpoint: string): { state: TrainerState; options: Fingerprint } {
  const damaged = (reason: string, cause?: unknown) =>
    new TrainerCheckpointError("damaged", checkpoint, `trainer_state.json ${reason}`, cause);
  let json: { format?: unknown; state?: Record<string, unknown>; options?: Record<string, unknown> } | null;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged("is not JSON", cause);
  }
  if (typeof json !== "object" || json === null || typeof json.state !== "object" || typeof json.options !== "object") {
    throw damaged("is not the state of a run");
  }
  if (json.format !== FORMAT)
    throw damaged(`has the format ${JSON.stringify(json.format)}; this version reads ${FORMAT}`);
  const state = initialState();
  for (const [name, value] of Object.entries(state)) {
    const found = json.state?.[name];
    const fits =
      name in NULLABLE
        ? found === null || typeof found === NULLABLE[name]
        : typeof found === typeof value && (typeof found !== "number" || found >= 0 || name === "lossSum");
    if (!fits) throw damaged(`has ${JSON.stringify(found)} as ${name}`);
    Object.assign(state, { [name]: found });
  }
  return { state: { ...state, best: withNumbers(state.best) }, options: json.options ?? {} };
}

/** JSON has null for scores that are no numbers. */
function withNumbers(best: BestEvaluation | null): BestEvaluation | null {
  if (best === null) return null;
  const metrics = Object.entries(best.metrics ?? {}).map(([name, value]) => [name, value ?? Number.NaN]);
  return { ...best, score: best.score ?? Number.NaN, metrics: Object.fromEntries(metrics) };
}

/** What tells how long a run is: a run that is done may go on with more of it. */
const LENGTH = ["epochs", "steps", "totalSteps", "patience"];

/** The state from which a run goes on, and whether it was done and is longer now. Throws TrainerCheckpointError. */
export function continuedState(
  saved: { readonly state: TrainerState; readonly options: Fingerprint },
  current: Fingerprint,
  checkpoint: string,
): { readonly state: TrainerState; readonly isExtended: boolean } {
  const isLonger = Number(current["totalSteps"]) > Number(saved.options["totalSteps"]);
  const isExtended = saved.state.done !== null && isLonger;
  checkFingerprint(saved.options, current, checkpoint, isExtended ? LENGTH : []);
  const state = isExtended ? { ...saved.state, done: null, stopping: false } : saved.state;
  return { state, isExtended };
}

/** Throws TrainerCheckpointError "mismatch" with the options that differ, those of `free` left out. */
function checkFingerprint(saved: Fingerprint, current: Fingerprint, checkpoint: string, free: readonly string[]): void {
  const now = JSON.parse(JSON.stringify(current)) as Fingerprint;
  const names = new Set([...Object.keys(saved), ...Object.keys(now)]);
  const differing = [...names].filter(
    (name) => !free.includes(name) && JSON.stringify(saved[name]) !== JSON.stringify(now[name]),
  );
  if (differing.length === 0) return;
  const show = (value: unknown) => {
    const text = JSON.stringify(value) ?? "not set";
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  };
  const list = differing.map((name) => `${name} was ${show(saved[name])} and is ${show(now[name])}`).join("; ");
  throw new TrainerCheckpointError("mismatch", checkpoint, `the run cannot go on as another one: ${list}`);
}
