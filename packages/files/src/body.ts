import type { FilesError } from "./errors.js";

/**
 * The pieces of a body, as they arrive. Ends early with the signal's reason, or with an error when the server is silent
 * for longer than `timeout` milliseconds; the connection is let go in any case.
 */
export async function* bodyPieces(
  response: Response,
  timeout: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await withinTimeout(reader.read(), timeout, signal);
      if (done) break;
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) reader.cancel().catch(() => undefined);
  }
}

/** The whole body. @throws FilesError as `tooLarge` makes it when there are more than `maxBytes`. */
export async function readBody(
  response: Response,
  maxBytes: number,
  timeout: number,
  signal: AbortSignal | undefined,
  tooLarge: () => FilesError,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bodyPieces(response, timeout, signal)) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The result of some work, unless it takes too long or the caller gives up. */
function withinTimeout<T>(work: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => settle(() => reject(signal!.reason));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no data for ${milliseconds / 1000} s`))),
      milliseconds,
    );
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      then();
    };
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
  });
}
