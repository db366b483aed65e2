import { FunctionBuilder, type Local } from "../src/kernels/emitter/builder.js";
import { unsigned } from "../src/kernels/emitter/encode.js";
import { emitInt8Tiles } from "../src/kernels/emitter/int8.js";
import { ModuleBuilder } from "../src/kernels/emitter/module.js";

/** What a processor does with the eighth bit of the right side, and with sums of two products beyond 16 bits. */
export interface RelaxedDot {
  readonly eighthBit: "unsigned" | "signed";
  readonly sums: "whole" | "saturate" | "wrap";
}

type Vector = Local<"v128">;

const SIMD = {
  shuffle: 0x0d,
  narrow: 0x85,
  extendSigned: [0x87, 0x88],
  extendUnsigned: [0x89, 0x8a],
  addPairs: 0x7e,
  addInteger: 0xae,
  dot16: 0xba,
} as const;

/** Lanes 0, 2, 4 ... of two vectors of 32-bit integers, and lanes 1, 3, 5 ... */
const EVEN = [0, 2, 4, 6].flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
const ODD = EVEN.map((byte) => byte + 4);

/** Writes relaxed dot products out in instructions that are the same on every processor. */
function emulator({ eighthBit, sums }: RelaxedDot): new () => FunctionBuilder {
  return class extends FunctionBuilder {
    #parts: Vector[] | undefined;

    #operation(opcode: number, operands: readonly Vector[], immediate: readonly number[], result: Vector): void {
      const get = operands.flatMap(({ index }) => [0x20, ...unsigned(index)]);
      this.instructions(...get, 0xfd, ...unsigned(opcode), ...immediate, 0x21, ...unsigned(result.index));
    }

    /** The sums of two products, 32 bits each: of the lower eight bytes and of the upper. */
    #pairs(left: Vector, right: Vector): [Vector, Vector] {
      this.#parts ??= this.locals("v128", 4);
      const parts = this.#parts;
      const extend = eighthBit === "signed" ? SIMD.extendSigned : SIMD.extendUnsigned;
      for (const half of [0, 1] as const) {
        const [a, b] = [parts[half]!, parts[2 + half]!];
        this.#operation(SIMD.extendSigned[half], [left], [], a);
        this.#operation(extend[half], [right], [], b);
        this.#operation(SIMD.dot16, [a, b], [], a);
      }
      return [parts[0]!, parts[1]!];
    }

    override dotPairs8(left: Vector, right: Vector, result: Vector): void {
      const [low, high] = this.#pairs(left, right);
      if (sums === "saturate") {
        this.#operation(SIMD.narrow, [low, high], [], result);
      } else {
        // The lower halves of the 32-bit integers.
        const lanes = [0, 1, 2, 3].flatMap((lane) => [lane * 4, lane * 4 + 1]);
        this.#operation(SIMD.shuffle, [low, high], [...lanes, ...lanes.map((lane) => lane + 16)], result);
      }
    }

    override dotAdd8(left: Vector, right: Vector, sum: Vector): void {
      const [low, high] = this.#pairs(left, right);
      if (sums === "whole") {
        const other = this.#parts![2]!;
        this.#operation(SIMD.shuffle, [low, high], ODD, other);
        this.#operation(SIMD.shuffle, [low, high], EVEN, low);
        this.#operation(SIMD.addInteger, [low, other], [], low);
      } else {
        this.dotPairs8(left, right, low);
        this.#operation(SIMD.addPairs, [low], [], low);
      }
      this.#operation(SIMD.addInteger, [low, sum], [], sum);
    }
  };
}

/** Int8 tiles as they are on a processor whose relaxed dot products are like this. */
export function tilesOn(processor: RelaxedDot, dot: "groups" | "pairs"): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(emulator(processor));
  emitInt8Tiles(module, { rows: 6, dot, wide: true });
  return module.build({ sharedMemory: false });
}
