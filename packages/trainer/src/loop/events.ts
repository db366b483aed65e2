import type { TrainSummary } from "./summary.js";

/** The run begins, or goes on. */
export interface StartEvent {
  readonly type: "start";
  /** Steps of the whole run. */
  readonly totalSteps: number;
  /** Steps that an earlier part of the run has done. */
  readonly step: number;
  readonly epochs: number;
  /** The checkpoint that the run goes on from. */
  readonly resumedFrom: string | null;
  /** Numbers that are trained. */
  readonly trainedParameters: number;
}

/** An optimizer step is done. */
export interface StepEvent {
  readonly type: "step";
  /** From 1. */
  readonly step: number;
  readonly totalSteps: number;
  /** Epochs done, with the part of the current one. */
  readonly epoch: number;
  /** Mean of the step's batches. */
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Tokens of the step, without padding. */
  readonly tokens: number;
  /** Over the last steps. */
  readonly tokensPerSecond: number;
  /** Seconds until all steps are done at the current speed; evaluations are not counted. */
  readonly secondsLeft: number;
}

/** An evaluation goes on. */
export interface EvaluatingEvent {
  readonly type: "evaluating";
  readonly done: number;
  readonly total: number;
}

export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly step: number;
  /** Epochs done, with the part of the current one. */
  readonly epoch: number;
  /** Mean loss of the training steps since the last evaluation. */
  readonly trainLoss: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  /** Name and value of the metric that decides. */
  readonly metric: string;
  readonly score: number;
  readonly isBest: boolean;
  /** That it took. */
  readonly seconds: number;
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly step: number;
  readonly name: string;
  readonly location: string;
}

export interface EndEvent extends TrainSummary {
  readonly type: "end";
}

/** What a run tells a user interface. Plain data: it can be posted from a worker. */
export type TrainerEvent = StartEvent | StepEvent | EvaluatingEvent | EvaluationEvent | CheckpointEvent | EndEvent;

/** An event as the log has it: speeds and times with the digits that mean something; losses and rates in full. */
export function loggedEvent(event: TrainerEvent): TrainerEvent {
  if (event.type === "step") {
    const { tokensPerSecond, secondsLeft, ...rest } = event;
    const short: StepEvent = {
      ...rest,
      tokensPerSecond: Math.round(tokensPerSecond),
      secondsLeft: Math.round(secondsLeft),
    };
    return short;
  }
  return event.type === "evaluation" ? { ...event, seconds: Math.round(event.seconds * 1000) / 1000 } : event;
}
