import { hasDisk } from "./platform.js";

/** A running SHA-256. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hexadecimal. */
  hex(): string;
}

/** The platform's own where there is one that takes pieces; browsers have none, so ours. */
export async function createSha256(): Promise<Hasher> {
  if (!hasDisk()) return new Sha256();
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

/** The digest of a short text, in lower-case hexadecimal. */
export function sha256Text(text: string): string {
  const hasher = new Sha256();
  hasher.update(new TextEncoder().encode(text));
  return hasher.hex();
}

/** The fractional bits of the `count` first primes' roots of the given degree, as FIPS 180-4 defines its constants. */
function fractions(count: number, degree: 2 | 3): Uint32Array {
  const values = new Uint32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) prime = false;
    if (!prime) continue;
    // An integer root of prime * 2^(32 * degree), exact by bisection: its low 32 bits are the fraction.
    const scaled = BigInt(candidate) << BigInt(32 * degree);
    let low = 0n;
    let high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** BigInt(degree) <= scaled) low = middle;
      else high = middle;
    }
    values[found++] = Number(low & 0xffffffffn);
  }
  return values;
}

let constants: { readonly round: Uint32Array; readonly initial: Uint32Array } | undefined;

/** SHA-256 (FIPS 180-4) over pieces. */
export class Sha256 implements Hasher {
  readonly #state: Uint32Array;
  readonly #round: Uint32Array;
  readonly #schedule = new Uint32Array(64);
  readonly #block = new Uint8Array(64);
  #held = 0;
  #length = 0;

  constructor() {
    constants ??= { round: fractions(64, 3), initial: fractions(8, 2) };
    this.#round = constants.round;
    this.#state = constants.initial.slice();
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(64 - this.#held, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < 64) return;
      this.#compress(this.#block, 0);
      this.#held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.#compress(bytes, at);
    this.#block.set(bytes.subarray(at));
    this.#held = bytes.length - at;
  }

  hex(): string {
    const tail = new Uint8Array(this.#held < 56 ? 64 : 128);
    tail.set(this.#block.subarray(0, this.#held));
    tail[this.#held] = 0x80;
    new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(this.#length) * 8n);
    for (let at = 0; at < tail.length; at += 64) this.#compress(tail, at);
    return Array.from(this.#state, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  #compress(bytes: Uint8Array, at: number): void {
    const w = this.#schedule;
    const k = this.#round;
    const state = this.#state;
    for (let i = 0, p = at; i < 16; i++, p += 4) {
      w[i] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!;
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const first = (h + s1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}
