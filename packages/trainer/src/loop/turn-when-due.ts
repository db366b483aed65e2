import { turn } from "@convbert/files/internal";

/** The longest stretch of work before waiting events (an abort, a key, a page's messages) get a turn, in milliseconds. */
const SLICE = 50;

let last = 0;

/** Lets waiting events come through, now and then. */
export async function turnWhenDue(): Promise<void> {
  if (performance.now() - last < SLICE) return;
  await turn();
  last = performance.now();
}
