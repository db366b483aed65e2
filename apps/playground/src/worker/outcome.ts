import type { Failure, Outcome } from "./protocol.js";

/** Runs a request; what it throws becomes words that can be posted to the page. */
export async function attempt<Value>(work: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** What browsers say of a script that was imported and did not come. */
const NO_SCRIPT = /import(ed|ing) (a )?module/i;

function failureOf(error: unknown): Failure {
  if (error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError")) {
    return { code: "aborted", message: "Stopped." };
  }
  if (!(error instanceof Error)) {
    return { code: "failed", message: String(error) };
  }
  if (NO_SCRIPT.test(error.message)) {
    return { code: "code-missing", message: "A part of this page could not be loaded. Is the network there?" };
  }
  const { code, details } = error as { code?: unknown; details?: { tokens?: number; limit?: number } };
  // The message of the packages speaks of an option; here there is a button.
  if (code === "too-long" && details?.tokens !== undefined) {
    return { code, message: `The text has ${details.tokens} tokens, and this model takes ${details.limit} at most.` };
  }
  return { code: typeof code === "string" ? code : error.name, message: error.message };
}

/** The value of another worker's outcome. Throws an error with the failure's code and words. */
export async function settled<Value>(outcome: Promise<Outcome<Value>>): Promise<Value> {
  const made = await outcome;
  if ("failure" in made) throw Object.assign(new Error(made.failure.message), { code: made.failure.code });
  return made.value;
}
