/** Writes the few pickle opcodes (protocol 2) that a state dict needs. */
export class PickleWriter {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** The finished pickle. */
  finish(): Uint8Array {
    this.op(".");
    return this.#bytes.slice(0, this.#length);
  }

  op(opcodes: string): this {
    for (const opcode of opcodes) this.#put(opcode.charCodeAt(0));
    return this;
  }

  proto(version: number): this {
    this.#put(0x80, version);
    return this;
  }

  text(value: string): this {
    const bytes = this.#encoder.encode(value);
    this.op("X");
    this.#int32(bytes.length);
    this.#put(...bytes);
    return this;
  }

  global(module: string, name: string): this {
    return this.op(`c${module}\n${name}\n`);
  }

  integer(value: number): this {
    if (value < 256) this.op("K").#put(value);
    else if (value < 65536) this.op("M").#put(value & 255, value >> 8);
    else if (value < 2 ** 31) this.op("J").#int32(value);
    else {
      // LONG1 of nine bytes: two's complement, so the top byte stays free for the sign.
      const bytes = new Uint8Array(9);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
      this.#put(0x8a, 9, ...bytes);
    }
    return this;
  }

  boolean(value: boolean): this {
    this.#put(value ? 0x88 : 0x89);
    return this;
  }

  /** A tuple of integers, as shapes and strides are. */
  integers(values: readonly number[]): this {
    if (values.length === 0) return this.op(")");
    this.op("(");
    for (const value of values) this.integer(value);
    return this.op("t");
  }

  #int32(value: number): void {
    this.#put(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255);
  }

  #put(...values: number[]): void {
    if (this.#length + values.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + values.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }
}
