/** The longest stretch of work before waiting events (an abort, a key, a page's messages) get a turn, in milliseconds. */
const SLICE = 50;

let last = 0;

/** Lets waiting events come through, now and then. */
export async function turn(): Promise<void> {
  const now = performance.now();
  if (now - last < SLICE) return;
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
  last = performance.now();
}
