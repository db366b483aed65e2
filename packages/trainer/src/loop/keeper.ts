import type { ConvBertInputs } from "@convbert/model";
import { readCheckpoint, readCheckpointWeights, writeCheckpoint } from "../checkpoint/checkpoint.js";
import { TrainerCheckpointError } from "../checkpoint/error.js";
import { checkpointName, sortedCheckpoints } from "../checkpoint/names.js";
import { type Fingerprint, initialState, type TrainerState } from "../checkpoint/state.js";
import type { Learner } from "../optimize/learner.js";
import { TrainerOptionError } from "../option-error.js";
import type { CheckpointEvent } from "./events.js";
import type { TrainerOptions } from "./options.js";

/** Where a run begins. */
export interface StartingPoint {
  readonly state: TrainerState;
  /** The checkpoint that it goes on from; null for a new run. */
  readonly resumedFrom: string | null;
  /** A run that was done goes on to more steps. */
  readonly isExtended: boolean;
}

type KeeperOptions<Inputs extends ConvBertInputs> = Pick<
  TrainerOptions<never, Inputs>,
  "model" | "checkpoints" | "log" | "resume" | "overwrite"
>;

/** Keeps a run's checkpoints and its best weights. */
export class Keeper<Inputs extends ConvBertInputs> {
  readonly #options: KeeperOptions<Inputs>;
  readonly #most: number;
  /** Weights of the best evaluation, where there is no storage for them. */
  #bestWeights: ReadonlyMap<string, Float32Array> | null = null;

  /** @param most newest checkpoints that stay. */
  constructor(options: KeeperOptions<Inputs>, most: number) {
    this.#options = options;
    this.#most = most;
  }

  /** Goes to the newest checkpoint, or begins anew. Throws TrainerCheckpointError and TrainerOptionError. */
  async start(learner: Learner<Inputs>, fingerprint: Fingerprint): Promise<StartingPoint> {
    const { checkpoints, resume = false, overwrite = false, model } = this.#options;
    if (resume && !checkpoints) throw new TrainerOptionError("resume", true, "it needs checkpoints");
    const names = checkpoints ? sortedCheckpoints(await checkpoints.list()) : [];
    const newest = names.at(-1);
    if (newest === undefined || (overwrite && !resume)) {
      for (const name of names) await checkpoints!.remove(name);
      await this.#rewind(0, "(none)");
      return { state: initialState(), resumedFrom: null, isExtended: false };
    }
    if (!resume) {
      throw new TrainerCheckpointError(
        "mismatch",
        newest,
        `${checkpoints!.location} has a run's checkpoints; resume it`,
      );
    }
    const { state, isExtended } = await readCheckpoint(checkpoints!, newest, model, learner.optimizer, fingerprint);
    await this.#rewind(state.logBytes, newest);
    return { state, resumedFrom: newest, isExtended };
  }

  async #rewind(bytes: number, checkpoint: string): Promise<void> {
    await this.#options.log?.rewind(bytes).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TrainerCheckpointError("mismatch", checkpoint, `the log does not belong to it: ${reason}`, cause);
    });
  }

  /** What the next checkpoint of a step is called; null where none are kept. */
  async nextName(step: number): Promise<string | null> {
    const { checkpoints } = this.#options;
    return checkpoints ? checkpointName(step, await checkpoints.list()) : null;
  }

  /** Writes a checkpoint, and removes those that are too old. */
  async save(learner: Learner<Inputs>, state: TrainerState, fingerprint: Fingerprint): Promise<CheckpointEvent> {
    const { model, log } = this.#options;
    const storage = this.#options.checkpoints!;
    const logBytes = (await log?.sync()) ?? 0;
    const existing = sortedCheckpoints(await storage.list());
    const name = checkpointName(state.step, existing);
    await writeCheckpoint(storage, name, model, learner.optimizer, { ...state, logBytes }, fingerprint);
    const kept = new Set([...existing, name].slice(-this.#most));
    for (const old of existing) {
      if (!kept.has(old) && old !== state.best?.checkpoint) await storage.remove(old);
    }
    return { type: "checkpoint", step: state.step, name, location: storage.location };
  }

  /** Keeps the weights as they are in memory, where there are no checkpoints. */
  noteBest(): void {
    if (this.#options.checkpoints) return;
    const own = [...this.#options.model.parameters()].filter(({ tiedTo }) => tiedTo === undefined);
    this.#bestWeights = new Map(own.map(({ name, read }) => [name, read()]));
  }

  /** Gives the model the weights of the best evaluation. */
  async restoreBest(state: TrainerState): Promise<void> {
    const { model, checkpoints } = this.#options;
    const name = state.best?.checkpoint;
    if (checkpoints && name) {
      await readCheckpointWeights(checkpoints, name, model);
      return;
    }
    for (const parameter of model.parameters()) {
      const values = this.#bestWeights?.get(parameter.name);
      if (values) parameter.write(0, values);
    }
  }
}
