import { sha256Text } from "./sha256.js";

/** File systems take names of 255 bytes; the suffixes of the store need 50 of them. */
const LONGEST = 120;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/;

/**
 * Folder and file names of a key, safe and different on every file system. Lower-case letters, digits and `._-` stay as
 * they are; what a file system may take for something else (upper and lower case, forms of Unicode, final dots, names
 * of devices) or has no room for gets a hash behind "~", which nothing else has.
 */
export function diskPath(key: string): string[] {
  return key.split("/").map((segment) => {
    const encoded = segment.replace(/[^\p{L}\p{N}._-]/gu, (char) => {
      return Array.from(new TextEncoder().encode(char), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    });
    const isDevice = WINDOWS_DEVICE.test(encoded.toLowerCase());
    const plain = /^[a-z0-9_-][a-z0-9._%-]*$/.test(encoded) && !encoded.endsWith(".") && !isDevice;
    if (plain && encoded.length <= LONGEST) return encoded;
    const start = encoded.length > LONGEST || /[^\x21-\x7e]/.test(encoded) ? encoded.slice(0, 30) : encoded;
    return `${isDevice ? "_" : ""}${start.replace(/\.+$/, "")}~${sha256Text(segment).slice(0, 16)}`;
  });
}
