import { sha256 } from "@noble/hashes/sha2.js";
import { hasNode } from "./platform.js";

/** A running SHA-256. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hexadecimal. */
  hex(): string;
}

/** The platform's own where there is one that takes pieces; browsers have none. */
export async function createSha256(): Promise<Hasher> {
  if (!hasNode()) return new Sha256();
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

/** The digest of a short text, in lower-case hexadecimal. */
export function sha256Text(text: string): string {
  return hexadecimal(sha256(new TextEncoder().encode(text)));
}

/** SHA-256 over pieces, on every platform. */
export class Sha256 implements Hasher {
  readonly #hash = sha256.create();

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  hex(): string {
    return hexadecimal(this.#hash.digest());
  }
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
