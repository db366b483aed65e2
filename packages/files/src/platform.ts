interface ProcessLike {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly versions?: { readonly node?: string };
}

/** Whether `node:` modules are there: Node, Bun, Deno; not a browser or a worker of one. */
export function hasNode(): boolean {
  const { process } = globalThis as { process?: ProcessLike };
  return typeof process?.versions?.node === "string";
}

/** An environment variable; undefined when it is unset, empty, or there is no environment. */
export function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  try {
    return process?.env?.[name] || undefined;
  } catch {
    // Deno without --allow-env.
    return undefined;
  }
}

/** Whether a variable says yes, as Python's hub library reads it. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}

/** Where downloads are kept on disk: the given folder, `$CONVBERT_CACHE`, or the user's cache folder. */
export async function cacheFolder(given: string | undefined): Promise<string> {
  const path = await import("node:path");
  const chosen = given ?? environment("CONVBERT_CACHE");
  if (chosen) return path.resolve(chosen);
  const os = await import("node:os");
  const xdg = environment("XDG_CACHE_HOME");
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, "convbert");
  if (os.platform() === "darwin") return path.join(os.homedir(), "Library", "Caches", "convbert");
  const local = environment("LOCALAPPDATA");
  if (os.platform() === "win32" && local) return path.join(local, "convbert", "Cache");
  return path.join(os.homedir(), ".cache", "convbert");
}

/** Waits, or rejects with the signal's reason. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
