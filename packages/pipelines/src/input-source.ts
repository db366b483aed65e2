/** Inputs one by one, with a limit to the waiting. */
export class InputSource<Input> {
  readonly #iterator: Iterator<Input> | AsyncIterator<Input>;
  #pending: Promise<IteratorResult<Input>> | null = null;
  ended = false;

  constructor(inputs: Iterable<Input> | AsyncIterable<Input>) {
    this.#iterator =
      Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : (inputs as Iterable<Input>)[Symbol.iterator]();
  }

  /** The next input; null at the end, or when there is none after `patience` milliseconds (null: however long it takes). */
  async next(patience: number | null, signal: AbortSignal | undefined): Promise<{ readonly value: Input } | null> {
    if (this.ended) {
      return null;
    }
    if (this.#pending === null) {
      const next = this.#iterator.next();
      if (!(next instanceof Promise)) {
        return this.#take(next);
      }
      this.#pending = next;
    }
    const result = await waitFor(this.#pending, patience, signal);
    if (result === null) {
      return null;
    }
    this.#pending = null;
    return this.#take(result);
  }

  #take(result: IteratorResult<Input>): { readonly value: Input } | null {
    this.ended = result.done === true;
    return result.done === true ? null : { value: result.value };
  }

  /** Tells the source that nothing more is asked for. */
  async close(): Promise<void> {
    if (this.ended) {
      return;
    }
    // Nobody waits for it any more: an input on its way may fail, and a source that hangs must not hang this.
    this.#pending?.catch(() => undefined);
    const closing = this.#iterator.return?.();
    if (this.#pending === null) {
      await closing;
    } else {
      void Promise.resolve(closing).catch(() => undefined);
    }
  }
}

/** A promise's value; null after `patience` milliseconds. Rejects with the signal's reason when it aborts. */
async function waitFor<Value>(
  promise: Promise<Value>,
  patience: number | null,
  signal: AbortSignal | undefined,
): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      ...(patience === null
        ? []
        : [
            new Promise<null>((resolve) => {
              timer = setTimeout(resolve, patience, null);
            }),
          ]),
      ...(signal === undefined
        ? []
        : [
            new Promise<never>((_, reject) => {
              stop = () => reject(signal.reason);
              signal.addEventListener("abort", stop);
            }),
          ]),
    ]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) {
      signal?.removeEventListener("abort", stop);
    }
  }
}
