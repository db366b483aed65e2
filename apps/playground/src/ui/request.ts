import { useEffect, useState } from "preact/hooks";
import { failureOf, settled } from "../state/worker.js";
import type { Failure, Outcome } from "../worker/protocol.js";

export interface Request<Value> {
  readonly value: Value | null;
  readonly failure: Failure | null;
  readonly isRunning: boolean;
}

/** Asks whenever `key` changes; null asks for nothing. An older answer never replaces a newer one's. */
export function useRequest<Value>(key: string | null, ask: () => Promise<Outcome<Value>>): Request<Value> {
  const [state, setState] = useState<Request<Value> & { key: string | null }>({
    key: null,
    value: null,
    failure: null,
    isRunning: false,
  });
  useEffect(() => {
    if (key === null) {
      setState({ key, value: null, failure: null, isRunning: false });
      return;
    }
    let isCurrent = true;
    setState((old) => ({ ...old, isRunning: true }));
    const timer = setTimeout(() => {
      settled(ask()).then(
        (value) => isCurrent && setState({ key, value, failure: null, isRunning: false }),
        (error) => isCurrent && setState({ key, value: null, failure: failureOf(error), isRunning: false }),
      );
    }, 150);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key]);
  return state;
}
