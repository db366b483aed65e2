import { sleep } from "./platform.js";

const HEARTBEAT = 5_000;
const STALE_AFTER = 60_000;
const POLL = 100;

/** Who has a lock. */
export interface LockOwner {
  /** Of the process; 0 where the lock does not say. */
  readonly pid: number;
  /** Name of its machine, for messages. */
  readonly host: string;
}

/** A lock that was taken. */
export interface HeldLock {
  /** Whether nobody else has taken it over, as happens to a holder that was silent, on a machine that slept. */
  isHeld(): Promise<boolean>;
  /** Whether that was so a second ago, at the latest: cheap enough to be asked before every write. */
  wasJustHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** When a holder counts as gone though its lock is there. */
export interface LockOptions {
  /** Milliseconds of silence; a minute by default. */
  readonly staleAfter?: number;
  /**
   * A silent holder whose process is there keeps the lock where the system tells when a process began (Linux), however
   * long it computes, or is stopped. Default false.
   */
  readonly trustLiving?: boolean;
}

/** What a lock file says. */
interface LockRecord extends LockOwner {
  /** Of this taking of the lock. */
  readonly id: string;
  /** What tells machines and process namespaces apart, where the system says so; processes are only looked for in their own. */
  readonly machine?: string | undefined;
  /** When the process began, in the system's own count: another process may get its number later. */
  readonly began?: string | undefined;
}

/**
 * Takes a lock file that other processes on this or another machine respect, waiting for whoever has it. The holder
 * touches it while it lives; the lock of a process that is gone, or silent for a minute, is taken over.
 * @param isDone asked while waiting; when it says yes the wait ends without the lock.
 * @returns the lock, or undefined when `isDone` ended the wait.
 */
export async function takeLock(
  path: string,
  isDone: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<HeldLock | undefined> {
  for (;;) {
    signal?.throwIfAborted();
    const { lock } = await tryLock(path);
    if (lock) return lock;
    if (await isDone()) return undefined;
    await sleep(POLL, signal);
  }
}

/** Takes a lock file at once, or says who has it. */
export async function tryLock(
  path: string,
  options: LockOptions = {},
): Promise<{ readonly lock: HeldLock; readonly owner?: never } | { readonly lock?: never; readonly owner: LockOwner }> {
  const fs = await import("node:fs/promises");
  const me = await thisProcess();
  for (;;) {
    try {
      await fs.writeFile(path, JSON.stringify(me), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const found = await lookAt(path, me, options);
    // Released in between: the next try takes it.
    if (found === undefined) continue;
    if (found.stale === undefined) return { owner: found.owner };
    await removeLock(path, found.stale, `${path}.${me.id}`);
  }
  let confirmed = Date.now();
  const isHeld = async (): Promise<boolean> => {
    const asked = Date.now();
    const held = (await readRecord(path))?.id === me.id;
    if (held) confirmed = asked;
    return held;
  };
  const beat = setInterval(async () => {
    const now = new Date();
    if (await isHeld()) await fs.utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT);
  beat.unref();
  const lock: HeldLock = {
    isHeld,
    wasJustHeld: async () => Date.now() - confirmed < 1_000 || isHeld(),
    async release() {
      clearInterval(beat);
      if (await isHeld()) await fs.rm(path, { force: true });
    },
  };
  return { lock };
}

async function thisProcess(): Promise<LockRecord> {
  const os = await import("node:os");
  const { randomUUID } = await import("node:crypto");
  const [machine, began] = await Promise.all([machineOf(), beginningOf(process.pid)]);
  return { pid: process.pid, host: os.hostname(), id: randomUUID(), machine, began };
}

/** Machines have host names of their own, but containers may share them. */
async function machineOf(): Promise<string | undefined> {
  const fs = await import("node:fs/promises");
  try {
    const boot = await fs.readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()} ${await fs.readlink("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** When a process began, in ticks since the machine did; undefined where there is no /proc. */
async function beginningOf(pid: number): Promise<string | undefined> {
  const fs = await import("node:fs/promises");
  const text = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name, in parentheses, may hold anything; the 22nd field is the 20th after it.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

async function readRecord(path: string): Promise<LockRecord | undefined> {
  const fs = await import("node:fs/promises");
  try {
    const record = JSON.parse(await fs.readFile(path, "utf8")) as LockRecord | null;
    return Number.isSafeInteger(record?.pid) && record!.pid > 0 ? record! : undefined;
  } catch {
    return undefined;
  }
}

/** The holder, and its id where it is gone; undefined where there is no lock. */
async function lookAt(
  path: string,
  me: LockRecord,
  { staleAfter = STALE_AFTER, trustLiving = false }: LockOptions,
): Promise<{ readonly owner: LockOwner; readonly stale?: string } | undefined> {
  const fs = await import("node:fs/promises");
  const stats = await fs.stat(path).catch(() => undefined);
  const record = await readRecord(path);
  if (!stats) return undefined;
  const owner = { pid: record?.pid ?? 0, host: String(record?.host ?? "an unknown machine") };
  const isSilent = Date.now() - stats.mtimeMs > staleAfter;
  const stale = (await isGone(record, me, isSilent, trustLiving)) ? (record?.id ?? "") : undefined;
  return { owner, ...(stale !== undefined && { stale }) };
}

async function isGone(
  record: LockRecord | undefined,
  me: LockRecord,
  isSilent: boolean,
  trustLiving: boolean,
): Promise<boolean> {
  if (record === undefined) return isSilent;
  const isHere = record.machine !== undefined ? record.machine === me.machine : record.host === me.host;
  if (!isHere) return isSilent;
  if (!isAlive(record.pid)) return true;
  const began = await beginningOf(record.pid);
  if (record.began === undefined || began === undefined) return isSilent;
  return began !== record.began || (isSilent && !trustLiving);
}

/** Of several waiters one succeeds in moving the lock away; should it be a newer one by then, it goes back. */
async function removeLock(path: string, staleId: string, aside: string): Promise<void> {
  const fs = await import("node:fs/promises");
  try {
    await fs.rename(path, aside);
  } catch {
    return;
  }
  if (((await readRecord(aside))?.id ?? "") !== staleId) await fs.link(aside, path).catch(() => undefined);
  await fs.rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
