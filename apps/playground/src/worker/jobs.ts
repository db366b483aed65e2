const running = new Map<string, AbortController>();

/** Runs work that `stop(name)` ends; work of the same name that still runs is ended first. */
export async function job<Value>(name: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  stop(name);
  const controller = new AbortController();
  running.set(name, controller);
  const { signal } = controller;
  // At once, whatever the work is waiting for.
  const stopped = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  try {
    return await Promise.race([work(signal), stopped]);
  } finally {
    if (running.get(name) === controller) running.delete(name);
  }
}

export function stop(name: string): void {
  running.get(name)?.abort(new DOMException("stopped", "AbortError"));
}
