import type { TrainerState } from "../checkpoint/state.js";
import type { CheckpointEvent, EvaluationEvent, StepEvent } from "./events.js";
import type { TrainSummary } from "./summary.js";

/** What a callback may ask for; it is done as soon as the current step, or epoch, is over. */
export interface TrainerControl {
  /** Ends the run: it is evaluated and kept as if this had been its last step. */
  stop(): void;
  /** Leaves out the rest of the epoch. */
  endEpoch(): void;
  /** Measures after this step, whatever `evaluateEvery` says. */
  evaluate(): void;
  /** Keeps a checkpoint after this step, whatever `checkpointEvery` says. */
  save(): void;
}

/** Where a run stands when a callback is called. */
export interface CallbackContext {
  readonly state: Readonly<TrainerState>;
  readonly totalSteps: number;
  readonly control: TrainerControl;
}

/**
 * Watches a run and steers it (the reference's `TrainerCallback`). Each method may be async and is waited for; what it
 * throws ends the run. A resumed run calls them again for the steps after its checkpoint, so that a decision must depend on
 * what it is shown alone if the run is to repeat.
 */
export interface TrainerCallback {
  onTrainBegin?(context: CallbackContext): void | Promise<void>;
  onEpochBegin?(context: CallbackContext): void | Promise<void>;
  onStepBegin?(context: CallbackContext): void | Promise<void>;
  onStepEnd?(context: CallbackContext & { readonly event: StepEvent }): void | Promise<void>;
  onEpochEnd?(context: CallbackContext): void | Promise<void>;
  onEvaluate?(context: CallbackContext & { readonly event: EvaluationEvent }): void | Promise<void>;
  onSave?(context: CallbackContext & { readonly event: CheckpointEvent }): void | Promise<void>;
  onTrainEnd?(context: CallbackContext & { readonly summary: TrainSummary }): void | Promise<void>;
}

/** Calls callbacks in their order and collects what they ask for. */
export class Callbacks {
  readonly #callbacks: readonly TrainerCallback[];
  readonly #asked = { stop: false, endEpoch: false, evaluate: false, save: false };
  readonly #control: TrainerControl;

  constructor(callbacks: readonly TrainerCallback[] = []) {
    this.#callbacks = callbacks;
    const ask = (name: keyof TrainerControl) => () => {
      this.#asked[name] = true;
    };
    this.#control = { stop: ask("stop"), endEpoch: ask("endEpoch"), evaluate: ask("evaluate"), save: ask("save") };
  }

  /** Whether something was asked for; it counts as done. */
  take(name: keyof TrainerControl): boolean {
    const was = this.#asked[name];
    this.#asked[name] = false;
    return was;
  }

  async call(moment: keyof TrainerCallback, context: Omit<CallbackContext, "control">): Promise<void> {
    for (const callback of this.#callbacks) {
      const method = callback[moment] as ((context: CallbackContext) => void | Promise<void>) | undefined;
      await method?.call(callback, { ...context, control: this.#control });
    }
  }
}
