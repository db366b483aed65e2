import { signed, sized, unsigned, vector } from "./encode.ts";

export type ValueType = "i32" | "v128";

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };

/** A parameter or local of a function; its type is checked where it is used. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
}

/** Opcodes with the 0xfd prefix. */
const SIMD = {
  load: 0x00,
  splat32: 0x09,
  store: 0x0b,
  constant: 0x0c,
  addFloat: 0xe4,
  multiplyFloat: 0xe6,
  multiplyAdd: 0x105,
  load8x8: 0x01,
  addInteger: 0xae,
  addShorts: 0x8e,
  dot16: 0xba,
  toFloat: 0xfa,
  dotPairs8: 0x112,
  dot8: 0x113,
} as const;

/** Where a memory access points: the address in a local plus a constant. */
interface MemoryAddress {
  readonly address: Local<"i32">;
  readonly offset?: number;
}

/**
 * Code of one function, written instruction by instruction. Only what matrix-product tiles use is here; an operand is
 * a local, a result goes to a local, so that nobody has to think about the stack.
 */
export class FunctionBuilder {
  readonly #parameters: ValueType[] = [];
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  parameter(): Local<"i32"> {
    this.#parameters.push("i32");
    return { type: "i32", index: this.#parameters.length - 1 };
  }

  /** A new local; all parameters must have been declared before. */
  local<T extends ValueType>(type: T): Local<T> {
    this.#locals.push(type);
    return { type, index: this.#parameters.length + this.#locals.length - 1 };
  }

  locals<T extends ValueType>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Instructions as they are in the binary. */
  protected instructions(...bytes: readonly number[]): void {
    this.#code.push(...bytes);
  }

  #get(local: Local): void {
    this.#code.push(0x20, ...unsigned(local.index));
  }

  #set(local: Local): void {
    this.#code.push(0x21, ...unsigned(local.index));
  }

  #simd(opcode: number): void {
    this.#code.push(0xfd, ...unsigned(opcode));
  }

  #memory(opcode: number, alignment: number, offset = 0): void {
    this.#simd(opcode);
    this.#code.push(alignment, ...unsigned(offset));
  }

  copy<T extends ValueType>(from: Local<T>, to: Local<T>): void {
    this.#get(from);
    this.#set(to);
  }

  /** `result = left + right` */
  add(left: Local<"i32">, right: Local<"i32"> | number, result: Local<"i32">): void {
    this.#get(left);
    if (typeof right === "number") {
      this.#code.push(0x41, ...signed(right));
    } else {
      this.#get(right);
    }
    this.#code.push(0x6a);
    this.#set(result);
  }

  /** `result = left * right` */
  multiply(left: Local<"i32">, right: number, result: Local<"i32">): void {
    this.#get(left);
    this.#code.push(0x41, ...signed(right), 0x6c);
    this.#set(result);
  }

  /** `result = left | right` */
  or(left: Local<"i32">, right: Local<"i32">, result: Local<"i32">): void {
    this.#get(left);
    this.#get(right);
    this.#code.push(0x72);
    this.#set(result);
  }

  /** `result = left & mask` */
  and(left: Local<"i32">, mask: number, result: Local<"i32">): void {
    this.#get(left);
    this.#code.push(0x41, ...signed(mask), 0x71);
    this.#set(result);
  }

  /** `result = left >>> bits` */
  shiftRight(left: Local<"i32">, bits: number, result: Local<"i32">): void {
    this.#get(left);
    this.#code.push(0x41, ...signed(bits), 0x76);
    this.#set(result);
  }

  load(from: MemoryAddress, result: Local<"v128">): void {
    this.#get(from.address);
    this.#memory(SIMD.load, 2, from.offset);
    this.#set(result);
  }

  /** Reads a byte for nothing but to have its cache line at hand later; it must lie in the memory, as for any load. */
  touch(at: Local<"i32">): void {
    this.#get(at);
    this.#code.push(0x2d, 0, 0, 0x1a);
  }

  /** A byte, unsigned. */
  loadByte(at: Local<"i32">, result: Local<"i32">): void {
    this.#get(at);
    this.#code.push(0x2d, 0, 0);
    this.#set(result);
  }

  /** One float32 in all four lanes. */
  loadSplat(from: MemoryAddress, result: Local<"v128">): void {
    this.#get(from.address);
    this.#memory(SIMD.splat32, 2, from.offset);
    this.#set(result);
  }

  store(value: Local<"v128">, to: MemoryAddress): void {
    this.#get(to.address);
    this.#get(value);
    this.#memory(SIMD.store, 2, to.offset);
  }

  /** Eight times the same 16-bit integer, from 0 to 127. */
  shorts(value: number, result: Local<"v128">): void {
    this.#simd(SIMD.constant);
    this.#code.push(...new Array<number[]>(8).fill([value, 0]).flat());
    this.#set(result);
  }

  addFloat(left: Local<"v128">, right: Local<"v128">, result: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#simd(SIMD.addFloat);
    this.#set(result);
  }

  /** `sum += left * right`; relaxed: the CPU decides whether the product is rounded before the addition. */
  multiplyAdd(left: Local<"v128">, right: Local<"v128">, sum: Local<"v128">, relaxed: boolean): void {
    if (relaxed) {
      this.#get(left);
      this.#get(right);
      this.#get(sum);
      this.#simd(SIMD.multiplyAdd);
    } else {
      this.#get(sum);
      this.#get(left);
      this.#get(right);
      this.#simd(SIMD.multiplyFloat);
      this.#simd(SIMD.addFloat);
    }
    this.#set(sum);
  }

  multiplyFloat(left: Local<"v128">, right: Local<"v128">, result: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#simd(SIMD.multiplyFloat);
    this.#set(result);
  }

  /** Eight signed bytes, widened to 16 bits. */
  loadBytes(from: MemoryAddress, result: Local<"v128">): void {
    this.#get(from.address);
    this.#memory(SIMD.load8x8, 0, from.offset);
    this.#set(result);
  }

  /** `sum += dot products of the pairs of 16-bit lanes` */
  dotAdd16(left: Local<"v128">, right: Local<"v128">, sum: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#simd(SIMD.dot16);
    this.#get(sum);
    this.#simd(SIMD.addInteger);
    this.#set(sum);
  }

  /** Eight 16-bit sums, what does not fit in them wraps. */
  addShorts(left: Local<"v128">, right: Local<"v128">, result: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#simd(SIMD.addShorts);
    this.#set(result);
  }

  /**
   * Dot products of the pairs of bytes, eight 16-bit integers; left signed, right from 0 to 127: with its eighth bit set,
   * or a sum of more than 16 bits, relaxed SIMD leaves the result to the CPU.
   */
  dotPairs8(left: Local<"v128">, right: Local<"v128">, result: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#simd(SIMD.dotPairs8);
    this.#set(result);
  }

  /**
   * `sum += dot products of the groups of four bytes`, left signed; relaxed: whether the right side's eighth bit is a
   * sign, a value, or lost in saturation, is the CPU's choice.
   */
  dotAdd8(left: Local<"v128">, right: Local<"v128">, sum: Local<"v128">): void {
    this.#get(left);
    this.#get(right);
    this.#get(sum);
    this.#simd(SIMD.dot8);
    this.#set(sum);
  }

  /** Four 32-bit integers as float32. */
  toFloat(from: Local<"v128">, result: Local<"v128">): void {
    this.#get(from);
    this.#simd(SIMD.toFloat);
    this.#set(result);
  }

  /** Runs `body` while `counter`, lowered by one after each turn, is not 0; not at all when it is 0 at the start. */
  repeat(counter: Local<"i32">, body: () => void): void {
    this.ifNotZero(counter, () => {
      this.#code.push(0x03, 0x40);
      body();
      this.add(counter, -1, counter);
      this.#get(counter);
      this.#code.push(0x0d, 0, 0x0b);
    });
  }

  ifNotZero(condition: Local<"i32">, body: () => void, otherwise?: () => void): void {
    this.#get(condition);
    this.#code.push(0x04, 0x40);
    body();
    if (otherwise !== undefined) {
      this.#code.push(0x05);
      otherwise();
    }
    this.#code.push(0x0b);
  }

  /** @internal */
  type(): number[] {
    return [0x60, ...vector(this.#parameters.map((type) => [TYPE_CODES[type]])), 0];
  }

  /** @internal */
  body(): number[] {
    const locals = this.#locals.map((type) => [1, TYPE_CODES[type]]);
    return sized([...vector(locals), ...this.#code, 0x0b]);
  }
}
