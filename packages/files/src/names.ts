import { FilesError } from "./errors.js";
import { quoted } from "./quoted.js";

const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Checks a file name that may come from an untrusted index: relative, "/" between folders, no way out of its folder.
 * @returns the name unchanged.
 */
export function checkFileName(name: string, location: string): string {
  const reason = problemWith(name);
  if (reason) {
    throw new FilesError("invalid-name", `${location}: refusing the file name ${quoted(name)}: ${reason}`, {
      location,
      file: name,
    });
  }
  return name;
}

/** Whether a name of a list can be that of a file in its folder. */
export function isFileName(name: string): boolean {
  return problemWith(name) === undefined;
}

function problemWith(name: string): string | undefined {
  if (typeof name !== "string" || name === "") return "it is empty";
  if (name.length > 1024) return "it is too long";
  if (/[\x00-\x1f\x7f]/.test(name)) return "it holds control characters";
  if (/\p{Surrogate}/u.test(name)) return "it is not valid Unicode";
  if (name.includes("\\")) return "it holds a backslash";
  if (name.startsWith("/") || /^[a-z]:/i.test(name)) return "it is an absolute path";
  for (const part of name.split("/")) {
    if (part === "") return "it holds an empty folder name";
    if (part === "." || part === "..") return "it leaves its folder";
    if (WINDOWS_DEVICE.test(part)) return "it names a device";
  }
  return undefined;
}
