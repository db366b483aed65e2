import { readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFiles } from "@convbert/files";
import { type HeldLock, tryLock } from "@convbert/files/internal";
import { folderCheckpoints } from "@convbert/trainer";
import { UsageError } from "../errors.js";
import { makeFolder, namesIn, shortList } from "../output-folder.js";
import { hashOfFile } from "./contents.js";
import type { TrainFlags } from "./flags.js";

const LOG = "training-log.jsonl";
const CHECKPOINTS = "checkpoints";
const RECORD = "training-run.json";
const LOCK = ".training-run.lock";
const FORMAT = 1;

/** Weights that saving would replace or remove, whatever their number. */
const WEIGHTS = /^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$/;

/** As `writeFiles` names what it writes until it is whole. */
const LEFTOVER = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Options that may differ where a finished run is extended. */
const LENGTH: readonly string[] = ["epochs", "steps", "patience"];

/** A process that says nothing for so long is gone, where nothing else tells: it has pauses between the layers of a model. */
const SILENT = 120_000;

export type Scores = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What a run's folder says about it: that it is one, where it stands, and which files are the run's own. */
export interface RunRecord {
  readonly format: typeof FORMAT;
  /** "saving": files are being written; what they are called is the run's own. */
  readonly state: "running" | "saving" | "finished";
  /** What the run must have in common with one that goes on with it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** SHA-256 of the files that the run may replace, by name: its own, and those it was told to. */
  readonly files: Readonly<Record<string, string>>;
  /** Steps of a finished run, and its scores by set. */
  readonly steps?: number;
  readonly scores?: Scores;
}

/** The folder of one run. One process at a time has it, and only what a run has written, or was told to, is replaced. */
export class TrainingFolder {
  readonly path: string;
  readonly checkpoints: ReturnType<typeof folderCheckpoints>;
  readonly logFile: string;
  /** What an earlier process has left; undefined for a new run. */
  readonly earlier: RunRecord | undefined;
  readonly #lock: HeldLock;
  readonly #removeMade: () => Promise<void>;
  #record: RunRecord | undefined;
  /** Whether the steps have begun, so that the run's notes are true. */
  #hasStarted = false;
  readonly #hadLog: boolean;
  /** The run begins anew, whatever an earlier one has left. */
  readonly #isNew: boolean;

  private constructor(
    path: string,
    { earlier, hadLog }: FolderState,
    lock: HeldLock,
    removeMade: () => Promise<void>,
    isNew: boolean,
  ) {
    this.path = path;
    this.#hadLog = hadLog;
    this.#isNew = isNew;
    this.logFile = join(path, LOG);
    this.checkpoints = folderCheckpoints(join(path, CHECKPOINTS));
    this.earlier = earlier;
    this.#record = earlier;
    this.#lock = lock;
    this.#removeMade = removeMade;
  }

  /**
   * Takes the folder for this process. Throws UsageError for one that is not empty and no run's, one with a run that the
   * flags do not go on with, and one that another process has.
   */
  static async claim(flags: TrainFlags): Promise<TrainingFolder> {
    const { output } = flags;
    await checkFolder(flags);
    const removeMade = await makeFolder(output);
    const { lock, owner } = await tryLock(join(output, LOCK), { staleAfter: SILENT, trustLiving: true }).catch(
      async (error: Error) => {
        await removeMade();
        throw new UsageError(`cannot write to ${output}: ${error.message}`);
      },
    );
    if (owner) {
      const who = owner.pid > 0 ? `process ${owner.pid} on ${owner.host}` : "another process";
      throw new UsageError(
        `${output} is in use: ${who} trains there; wait for it, end it, or give another --output ` +
          `(${join(output, LOCK)} says so; it is taken over when its process is gone)`,
      );
    }
    try {
      // Another process may have come and gone in between.
      return new TrainingFolder(output, await checkFolder(flags), lock, removeMade, flags.overwrite ?? false);
    } catch (error) {
      await lock.release();
      await removeMade();
      throw error;
    }
  }

  /** Whether there are checkpoints to go on from. */
  async hasCheckpoints(): Promise<boolean> {
    return (await this.checkpoints.list()).length > 0;
  }

  /**
   * Whether an earlier process has finished this very run. Throws UsageError for a finished run with other options, and for
   * one that is longer now and has no checkpoints to go on from. A length that nobody has given is the finished run's.
   */
  async isFinished(options: RunRecord["options"], hasLength: boolean): Promise<boolean> {
    const { earlier } = this;
    if (this.#isNew || earlier?.state !== "finished") return false;
    const now = JSON.parse(JSON.stringify(options)) as RunRecord["options"];
    const names = [...new Set([...Object.keys(earlier.options), ...Object.keys(now)])];
    const differing = names.filter((name) => JSON.stringify(earlier.options[name]) !== JSON.stringify(now[name]));
    const foreign = differing.filter((name) => !LENGTH.includes(name));
    if (foreign.length > 0) {
      throw new UsageError(
        `the run in ${this.path} is another one: ${shortList(foreign)} differ${foreign.length === 1 ? "s" : ""}; ` +
          "give the same options and files, another --output, or --overwrite",
      );
    }
    if (differing.length === 0 || !hasLength) return true;
    if (await this.hasCheckpoints()) return false;
    throw new UsageError(
      `the run in ${this.path} is finished and its checkpoints are gone, so that it cannot be extended; ` +
        `go on from its weights with --model ${this.path} and another --output`,
    );
  }

  /** Notes that a run begins, or goes on, which ends with files of these names. */
  async begin(options: RunRecord["options"], written: readonly string[]): Promise<void> {
    const { earlier } = this;
    const isSaving = !this.#isNew && earlier?.state === "saving";
    const files = this.#isNew ? await this.#hashes(written) : (earlier?.files ?? {});
    await this.#removeLeftovers();
    await this.#write({ format: FORMAT, state: isSaving ? "saving" : "running", options, files });
  }

  /** Notes that the run has taken its first step, or where a run that goes on stands. */
  noteStart(): void {
    this.#hasStarted = true;
  }

  /**
   * Notes that files of these names are written from now on. Throws UsageError where somebody else has put one there, or
   * changed it, and where the folder is no longer this process's.
   */
  async beginSaving(written: readonly string[]): Promise<void> {
    const record = this.#record!;
    await this.#checkOwner();
    if (record.state !== "saving") {
      for (const [name, hash] of Object.entries(await this.#hashes(written))) {
        if (record.files[name] === hash) continue;
        throw new UsageError(
          `${join(this.path, name)} is not as the run has written it, and would be replaced; ` +
            "move it away, and give the same command with --resume",
        );
      }
    }
    await this.#write({ ...record, state: "saving" });
  }

  /** Notes that all is done. */
  async finish(steps: number, scores: Scores, written: readonly string[]): Promise<void> {
    await this.#checkOwner();
    await this.#write({ ...this.#record!, state: "finished", files: await this.#hashes(written), steps, scores });
  }

  /** Removes the run's checkpoints; anything else beside them stays. */
  async removeCheckpoints(): Promise<void> {
    for (const name of await this.checkpoints.list()) await this.checkpoints.remove(name);
    await this.checkpoints.removeLeftovers();
    await rmdir(join(this.path, CHECKPOINTS)).catch(() => undefined);
  }

  /** Leaves the folder. What a run that came to nothing has put there goes. */
  async release(): Promise<void> {
    if (await this.#lock.isHeld()) {
      const isBegun = this.#record !== this.earlier && this.#record?.state !== "finished";
      if (isBegun && !(this.#hasStarted && (await this.#hasSteps()))) await this.#undo();
      await this.#lock.release();
    }
    await this.#removeMade();
  }

  async #undo(): Promise<void> {
    await rmdir(join(this.path, CHECKPOINTS)).catch(() => undefined);
    if (this.earlier) {
      await this.#write(this.earlier);
      return;
    }
    if (!this.#hadLog) await rm(this.logFile, { force: true });
    await rm(join(this.path, RECORD), { force: true });
  }

  async #hasSteps(): Promise<boolean> {
    if (await this.hasCheckpoints()) return true;
    const log = await readFile(this.logFile, "utf8").catch(() => "");
    return log.includes('{"type":"step"');
  }

  async #checkOwner(): Promise<void> {
    if (await this.#lock.isHeld()) return;
    throw new UsageError(`${this.path} was taken by another process, or its ${LOCK} removed; nothing more is written`);
  }

  /** Files that a process has left half-written when it was killed. */
  async #removeLeftovers(): Promise<void> {
    if (this.earlier === undefined) return;
    for (const name of (await namesIn(this.path)) ?? []) {
      if (LEFTOVER.test(name)) await rm(join(this.path, name), { force: true });
    }
  }

  /** Of the files with these names, and of weights of any name. */
  async #hashes(names: readonly string[]): Promise<Record<string, string>> {
    const hashes: Record<string, string> = {};
    for (const name of (await namesIn(this.path)) ?? []) {
      if (!names.includes(name) && !WEIGHTS.test(name)) continue;
      const hash = await hashOfFile(join(this.path, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "EISDIR") return undefined;
        throw error;
      });
      if (hash !== undefined) hashes[name] = hash;
    }
    return hashes;
  }

  async #write(record: RunRecord): Promise<void> {
    await writeFiles(this.path, { [RECORD]: `${JSON.stringify(record, null, 2)}\n` });
    this.#record = record;
  }
}

/** What a folder has before a run begins. */
interface FolderState {
  readonly earlier: RunRecord | undefined;
  readonly hadLog: boolean;
}

/** Whether the folder can be a run's, given the flags; what it says of an earlier one. Writes nothing. */
async function checkFolder({ output, resume, overwrite }: TrainFlags): Promise<FolderState> {
  const all = (await namesIn(output)) ?? [];
  // The lock of a process that was killed at once, and notes that it has left half-written.
  const names = all.filter((name) => name !== LOCK && !name.startsWith(`.${RECORD}.`) && !name.startsWith(`${LOCK}.`));
  const hadLog = names.includes(LOG);
  const earlier = names.includes(RECORD) ? await readRecord(join(output, RECORD)) : undefined;
  if (earlier === undefined) {
    if (names.length === 0) return { earlier, hadLog };
    if (!overwrite) {
      throw new UsageError(
        `${output} has files that no run of this command has made: ${shortList(names)}; give another --output, ` +
          "or replace those of its own names with --overwrite",
      );
    }
    const kept = names.find((name) => name === CHECKPOINTS);
    if (kept) {
      throw new UsageError(`${join(output, kept)} is of no run that this command knows; move it away`);
    }
    return { earlier, hadLog };
  }
  if (overwrite || resume) return { earlier, hadLog };
  if (earlier.state === "finished") {
    throw new UsageError(
      `${output} has a finished run; give another --output, --resume with more --epochs to extend it, or --overwrite`,
    );
  }
  const { list } = folderCheckpoints(join(output, CHECKPOINTS));
  if ((await list()).length > 0) {
    throw new UsageError(
      `${output} has a run that is not finished; go on with --resume, or begin anew with --overwrite`,
    );
  }
  return { earlier, hadLog };
}

async function readRecord(path: string): Promise<RunRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, "utf8")) as RunRecord | null;
    const isOwn =
      record?.format === FORMAT &&
      ["running", "saving", "finished"].includes(record.state) &&
      [record.options, record.files].every((part) => typeof part === "object" && part !== null);
    return isOwn ? record : undefined;
  } catch {
    return undefined;
  }
}
