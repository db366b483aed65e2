import { hasNode } from "./platform.js";

/** More threads than this seldom gain anything: the products of one text are cut too small. */
const DEFAULT_LIMIT = 8;

/** Where the number of threads comes from when a caller gives none, as `OMP_NUM_THREADS` for other libraries. */
const VARIABLE = "CONVBERT_THREADS";

let found: Promise<number> | undefined;

/**
 * Threads to compute with by default: the environment variable `CONVBERT_THREADS`, else the physical cores that this
 * process may use, at most 8. Two threads of one core share its arithmetic units, so that a second one gains nothing.
 */
export function defaultThreads(): Promise<number> {
  found ??= countThreads();
  return found;
}

async function countThreads(): Promise<number> {
  if (!hasNode()) {
    // Pages are told logical processors, most of them two a core.
    const logical = globalThis.navigator?.hardwareConcurrency ?? 1;
    return Math.min(DEFAULT_LIMIT, logical <= 2 ? logical : Math.ceil(logical / 2));
  }
  const given = isGranted({ name: "env", variable: VARIABLE }) ? Number(globalThis.process.env[VARIABLE]) : Number.NaN;
  if (Number.isInteger(given) && given >= 1) {
    return given;
  }
  // Deno tells everybody the first; Node 20 and older Bun lack it, or the second.
  const os = await import("node:os");
  const usable = globalThis.navigator?.hardwareConcurrency ?? os.availableParallelism?.() ?? os.cpus().length;
  return Math.max(1, Math.min(DEFAULT_LIMIT, usable, await physicalCores(usable)));
}

/** What Deno lets a program do; others do not ask. A question to the person at the terminal is not worth it. */
function isGranted(permission: { readonly name: string; readonly variable?: string; readonly path?: string }): boolean {
  const { Deno: deno } = globalThis as {
    Deno?: { permissions?: { querySync(permission: object): { readonly state: string } } };
  };
  return deno?.permissions === undefined || deno.permissions.querySync(permission).state === "granted";
}

const PROCESSORS = "/sys/devices/system/cpu";

/** Physical cores of the machine: Linux tells, Apple's own processors have one thread a core, others mostly two. */
async function physicalCores(logical: number): Promise<number> {
  const { platform, arch } = globalThis.process;
  if (platform !== "linux") {
    return arch === "x64" && logical > 2 ? Math.ceil(logical / 2) : logical;
  }
  if (!isGranted({ name: "read", path: PROCESSORS })) {
    return logical;
  }
  try {
    const { readFile } = await import("node:fs/promises");
    const siblings = new Set<string>();
    for (const cpu of numbersOf(await readFile(`${PROCESSORS}/online`, "utf8"))) {
      siblings.add(await readFile(`${PROCESSORS}/cpu${cpu}/topology/thread_siblings_list`, "utf8"));
    }
    return siblings.size;
  } catch {
    // A container may hide it.
    return logical;
  }
}

/** The numbers of "0-3,8". */
function numbersOf(list: string): number[] {
  return list
    .trim()
    .split(",")
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: Math.min(1024, last - first + 1) }, (_, i) => first + i);
    });
}
