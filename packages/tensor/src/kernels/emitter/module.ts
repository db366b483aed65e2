import { MEMORY_PAGES } from "../constants.ts";
import { FunctionBuilder } from "./builder.ts";
import { name, section, unsigned, vector } from "./encode.ts";

/** A module of exported functions over one imported memory (`env.memory`, at most 4 GiB). */
export class ModuleBuilder {
  readonly #functions: { readonly name: string; readonly code: FunctionBuilder }[] = [];
  readonly #Code: new () => FunctionBuilder;

  /** `Code` writes the functions: a class that has some instructions in another way. */
  constructor(Code: new () => FunctionBuilder = FunctionBuilder) {
    this.#Code = Code;
  }

  function(name: string, define: (code: FunctionBuilder) => void): void {
    const code = new this.#Code();
    define(code);
    this.#functions.push({ name, code });
  }

  /** The binary; `sharedMemory` only changes the flags of the memory's import. */
  build({ sharedMemory }: { sharedMemory: boolean }): Uint8Array<ArrayBuffer> {
    const functions = this.#functions;
    const memory = [...name("env"), ...name("memory"), 0x02, sharedMemory ? 0x03 : 0x01, 0, ...unsigned(MEMORY_PAGES)];
    return new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector(functions.map(({ code }) => code.type()))),
      ...section(2, vector([memory])),
      ...section(3, vector(functions.map((_, index) => unsigned(index)))),
      ...section(7, vector(functions.map((entry, index) => [...name(entry.name), 0x00, ...unsigned(index)]))),
      ...section(10, vector(functions.map(({ code }) => code.body()))),
    ]);
  }
}
