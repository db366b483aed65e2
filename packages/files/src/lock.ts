import { sleep } from "./platform.js";

const HEARTBEAT = 5_000;
const STALE_AFTER = 60_000;
const POLL = 100;

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/** A lock that was taken. */
export interface HeldLock {
  /** Whether nobody else has taken it over, as happens to a holder that was silent, on a machine that slept. */
  isHeld(): Promise<boolean>;
  /** Whether that was so a second ago, at the latest: cheap enough to be asked before every write. */
  wasJustHeld(): Promise<boolean>;
  release(): Promise<void>;
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
  const fs = await import("node:fs/promises");
  const os = await import("node:os");
  const { randomUUID } = await import("node:crypto");
  const me: Owner = { pid: process.pid, host: os.hostname(), id: randomUUID() };

  for (;;) {
    signal?.throwIfAborted();
    try {
      await fs.writeFile(path, JSON.stringify(me), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const stale = await staleOwner(path, me.host);
    if (stale !== undefined) {
      await removeLock(path, stale, `${path}.${me.id}`);
      continue;
    }
    if (await isDone()) return undefined;
    await sleep(POLL, signal);
  }

  let confirmed = Date.now();
  const isHeld = async (): Promise<boolean> => {
    const asked = Date.now();
    const held = (await readOwner(path))?.id === me.id;
    if (held) confirmed = asked;
    return held;
  };
  const beat = setInterval(async () => {
    const now = new Date();
    if (await isHeld()) await fs.utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT);
  beat.unref();
  return {
    isHeld,
    wasJustHeld: async () => Date.now() - confirmed < 1_000 || isHeld(),
    async release() {
      clearInterval(beat);
      if (await isHeld()) await fs.rm(path, { force: true });
    },
  };
}

async function readOwner(path: string): Promise<Owner | undefined> {
  const fs = await import("node:fs/promises");
  try {
    return JSON.parse(await fs.readFile(path, "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

/** The id of a holder that is gone; undefined while it lives, or when there is no lock. */
async function staleOwner(path: string, host: string): Promise<string | undefined> {
  const fs = await import("node:fs/promises");
  const stats = await fs.stat(path).catch(() => undefined);
  if (!stats) return undefined;
  const owner = await readOwner(path);
  const gone = owner !== undefined && owner.host === host && !isAlive(owner.pid);
  return gone || Date.now() - stats.mtimeMs > STALE_AFTER ? (owner?.id ?? "") : undefined;
}

/** Of several waiters one succeeds in moving the lock away; should it be a newer one by then, it goes back. */
async function removeLock(path: string, staleId: string, aside: string): Promise<void> {
  const fs = await import("node:fs/promises");
  try {
    await fs.rename(path, aside);
  } catch {
    return;
  }
  if (((await readOwner(aside))?.id ?? "") !== staleId) await fs.link(aside, path).catch(() => undefined);
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
