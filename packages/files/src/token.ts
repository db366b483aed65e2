import { FilesError } from "./errors.js";
import { openDiskFile } from "./folder.js";
import { environment, isTrue } from "./platform.js";
import { pythonTokenFile } from "./python-home.js";

const MAX_TOKEN_FILE = 1 << 16;

/**
 * The access token for the hub: the one given, else where Python's library looks for it.
 * @returns undefined where there is none, or none is wanted.
 */
export async function hubToken(given: string | undefined, location: string): Promise<string | undefined> {
  if (given !== undefined) return cleanToken(given, location);
  if (isTrue(environment("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return undefined;
  const named = environment("HF_TOKEN") ?? environment("HUGGING_FACE_HUB_TOKEN");
  return cleanToken(named, location) ?? cleanToken(await savedToken(), location);
}

/**
 * A token without the line ends and spaces that come with copying it.
 * @throws FilesError that does not quote it, when no header could hold it.
 */
export function cleanToken(token: string | undefined, location: string): string | undefined {
  const clean = token?.replace(/[\r\n]/g, "").trim();
  if (!clean) return undefined;
  if (/^[\x21-\x7e]+$/.test(clean)) return clean;
  const message = `${location}: the access token holds a space, a control character or a letter that no token has`;
  throw new FilesError("invalid-source", message, { location });
}

async function savedToken(): Promise<string | undefined> {
  try {
    const file = await openDiskFile((await pythonTokenFile())!, "token");
    try {
      const bytes = new Uint8Array(Math.min(file.size, MAX_TOKEN_FILE));
      await file.read(0, bytes);
      return new TextDecoder().decode(bytes);
    } finally {
      await file.close();
    }
  } catch {
    // Not logged in, or not for us to read.
    return undefined;
  }
}
