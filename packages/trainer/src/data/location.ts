import type { DataLocation } from "./error.js";

// Beside the examples, so that they stay plain data: comparable, and free to cross to a worker.
const locations = new WeakMap<object, DataLocation>();

/** Notes where an example came from, for errors that are found later. */
export function locate<T extends object>(example: T, location: DataLocation): T {
  locations.set(example, location);
  return example;
}

/** Where an example was read from; undefined for examples that no reader of this package made. */
export function locationOf(example: object): DataLocation | undefined {
  return locations.get(example);
}
