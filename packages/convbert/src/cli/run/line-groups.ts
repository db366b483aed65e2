import { setImmediate } from "node:timers/promises";

export interface LineGroupOptions {
  /** Most lines of a group. */
  readonly most: number;
  /** A group is full when its lines have so many characters together. */
  readonly capacity: number;
}

const NOTHING_YET = Symbol("nothing yet");

/**
 * The lines that a source has ready, in groups: whoever types has each line run, a file is answered many lines at a
 * time. The first group has one line and each may be twice as long as the one before, so that the first answers come soon.
 */
export async function* lineGroups<Item extends { readonly text: string }>(
  source: AsyncIterable<Item>,
  { most, capacity }: LineGroupOptions,
): AsyncGenerator<Item[]> {
  const lines = source[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<Item>> => {
    const line = lines.next();
    // It may fail while nobody waits for it; whoever does gets the error.
    line.catch(() => {});
    return line;
  };
  try {
    let next = ask();
    let limit = 1;
    for (let first = await next; !first.done; first = await next) {
      const group = [first.value];
      let size = first.value.text.length;
      next = ask();
      while (group.length < limit && size < capacity) {
        const line = await Promise.race([next, setImmediate(NOTHING_YET)]);
        if (line === NOTHING_YET || line.done) break;
        group.push(line.value);
        size += line.value.text.length;
        next = ask();
      }
      limit = Math.min(most, 2 * limit);
      yield group;
    }
  } finally {
    // Not waited for: a line that was asked for may never come.
    lines.return?.().catch(() => {});
  }
}
