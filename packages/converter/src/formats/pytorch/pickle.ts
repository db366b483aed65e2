import { printable } from "@convbert/files/internal";
import { WeightsError } from "../../errors.js";
import { PickleBytes } from "./pickle-bytes.js";

/*
 * A pickle interpreter (Python's pickletools documents every opcode) that executes nothing: a global is looked up in
 * the host's table of inert handlers, anything else is refused. Time and memory are linear in the input, with a cap on
 * the objects made, because one byte can ask for a new container.
 */

/** A Python tuple. */
export class PickleTuple {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** A class or function that the host knows; `call` says what constructing or calling it gives. */
export interface PickleGlobal {
  /** "module.name". */
  readonly id: string;
  readonly call: (args: readonly unknown[], budget: PickleBudget) => unknown;
}

/** An instance of a known class whose contents do not matter here. */
export class PickleObject {
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
}

/** Counts objects; a handler that copies says how many. */
export interface PickleBudget {
  spend(objects: number): void;
}

export interface PickleHost {
  /** @returns undefined for what is not allowed. */
  global(module: string, name: string): PickleGlobal | undefined;
  /** Resolves a persistent id: what the pickle refers to outside itself. */
  persistent(id: unknown): unknown;
}

/** Objects that a byte of the pickle can make, the containers' cost included, and those that any pickle may. */
const OBJECTS_A_BYTE = 3;
const FREE_OBJECTS = 1000;
const MAX_OBJECTS = 1_000_000;
/** A dict or set takes the memory of many plain values. */
export const CONTAINER_COST = 10;
const MAX_PROTOCOL = 5;

/**
 * Interprets the pickle that starts at `start`. dict -> Map, list -> Array, set -> Set, tuple -> {@link PickleTuple},
 * None -> null, int -> number (bigint past 2^53), bytes -> Uint8Array.
 * @returns its value and where it ends.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
  file: string,
): { value: unknown; end: number } {
  return new Unpickler(bytes, start, host, file).run();
}

class Unpickler {
  readonly #in: PickleBytes;
  readonly #host: PickleHost;
  readonly #file: string;
  readonly #memo = new Map<number, unknown>();
  readonly #budget: PickleBudget;
  #stack: unknown[] = [];
  #marks: number[] = [];
  #objects = 0;

  constructor(bytes: Uint8Array, start: number, host: PickleHost, file: string) {
    this.#in = new PickleBytes(bytes, start, file);
    this.#host = host;
    this.#file = file;
    const most = Math.min(MAX_OBJECTS, FREE_OBJECTS + OBJECTS_A_BYTE * (bytes.length - start));
    this.#budget = {
      spend: (objects) => {
        this.#objects += objects;
        if (this.#objects > most) this.#in.fail(`it makes more than ${most} objects`);
      },
    };
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      const opcode = this.#in.u8();
      if (opcode === 0x2e) {
        const value = this.#pop();
        return { value, end: this.#in.at };
      }
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#in.u8() > MAX_PROTOCOL) this.#in.fail("its protocol is newer than 5");
        return;
      case 0x95: // FRAME
        this.#in.long8();
        return;
      case 0x28: // MARK
        this.#budget.spend(1);
        this.#marks.push(this.#stack.length);
        return;
      case 0x30: // POP
        if (this.#marks.length > 0 && this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
        else this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#popMark();
        return;
      case 0x32: // DUP
        this.#push(this.#top());
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4b: // BININT1
        this.#push(this.#in.u8());
        return;
      case 0x4d: // BININT2
        this.#push(this.#in.u16());
        return;
      case 0x4a: // BININT
        this.#push(this.#in.u32() | 0);
        return;
      case 0x49: // INT
        this.#push(this.#in.textInteger());
        return;
      case 0x4c: // LONG
        this.#push(this.#in.textInteger());
        return;
      case 0x8a: // LONG1
        this.#push(this.#in.binaryLong(this.#in.u8()));
        return;
      case 0x8b: // LONG4
        this.#push(this.#in.binaryLong(this.#in.u32()));
        return;
      case 0x46: // FLOAT
        this.#push(Number(this.#in.line()));
        return;
      case 0x47: // BINFLOAT
        this.#push(this.#in.float64());
        return;
      case 0x53: // STRING
        this.#push(this.#in.quoted());
        return;
      case 0x54: // BINSTRING
      case 0x58: // BINUNICODE
        this.#push(this.#in.text(this.#in.u32()));
        return;
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#in.text(this.#in.u8()));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(this.#in.text(this.#in.long8()));
        return;
      case 0x56: // UNICODE
        this.#push(
          this.#in.line().replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        );
        return;
      case 0x42: // BINBYTES
        this.#push(this.#in.raw(this.#in.u32()));
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#in.raw(this.#in.u8()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#in.raw(this.#in.long8()));
        return;
      case 0x5d: // EMPTY_LIST
        this.#push([]);
        return;
      case 0x6c: // LIST
        this.#push(this.#popMark());
        return;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        return;
      case 0x29: // EMPTY_TUPLE
        this.#push(new PickleTuple([]));
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(new PickleTuple(this.#popMany(opcode - 0x84)));
        return;
      case 0x74: // TUPLE
        this.#push(new PickleTuple(this.#popMark()));
        return;
      case 0x7d: // EMPTY_DICT
        this.#budget.spend(CONTAINER_COST);
        this.#push(new Map());
        return;
      case 0x64: {
        // DICT
        const items = this.#popMark();
        this.#budget.spend(CONTAINER_COST);
        this.#push(new Map());
        this.#setItems(items);
        return;
      }
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return;
      case 0x8f: // EMPTY_SET
        this.#budget.spend(CONTAINER_COST);
        this.#push(new Set());
        return;
      case 0x90: {
        // ADDITEMS
        const items = this.#popMark();
        const target = this.#top();
        if (!(target instanceof Set)) this.#in.fail("it adds items to what is not a set");
        for (const item of items) target.add(item);
        return;
      }
      case 0x91: // FROZENSET
        this.#budget.spend(CONTAINER_COST);
        this.#push(new Set(this.#popMark()));
        return;
      default:
        this.#stepObject(opcode);
    }
  }

  /** Opcodes about memo, globals, calls and references. */
  #stepObject(opcode: number): void {
    switch (opcode) {
      case 0x67: // GET
        this.#get(Number(this.#in.line()));
        return;
      case 0x68: // BINGET
        this.#get(this.#in.u8());
        return;
      case 0x6a: // LONG_BINGET
        this.#get(this.#in.u32());
        return;
      case 0x70: // PUT
        this.#put(Number(this.#in.line()));
        return;
      case 0x71: // BINPUT
        this.#put(this.#in.u8());
        return;
      case 0x72: // LONG_BINPUT
        this.#put(this.#in.u32());
        return;
      case 0x94: // MEMOIZE
        this.#put(this.#memo.size);
        return;
      case 0x63: // GLOBAL
        this.#push(this.#global(this.#in.line(), this.#in.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") this.#in.fail("a global's name is not text");
        this.#push(this.#global(module, name));
        return;
      }
      case 0x50: // PERSID
        this.#push(this.#host.persistent(this.#in.line()));
        return;
      case 0x51: // BINPERSID
        this.#push(this.#host.persistent(this.#pop()));
        return;
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.#popMany(2);
        this.#call(callee, args);
        return;
      }
      case 0x92: {
        // NEWOBJ_EX
        const [callee, args] = this.#popMany(3);
        this.#call(callee, args);
        return;
      }
      case 0x69: {
        // INST
        const callee = this.#global(this.#in.line(), this.#in.line());
        this.#call(callee, new PickleTuple(this.#popMark()));
        return;
      }
      case 0x6f: {
        // OBJ
        const [callee, ...args] = this.#popMark();
        this.#call(callee, new PickleTuple(args));
        return;
      }
      case 0x62: // BUILD: attributes of an object; none of those allowed has any that matter
        this.#pop();
        this.#top();
        return;
      default:
        this.#in.fail(`the opcode 0x${opcode.toString(16)} is unknown or not allowed`);
    }
  }

  #push(value: unknown): void {
    this.#budget.spend(1);
    this.#stack.push(value);
  }

  #top(): unknown {
    if (this.#stack.length === 0) this.#in.fail("its stack is empty");
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const value = this.#top();
    if (this.#marks.length > 0 && this.#marks.at(-1) === this.#stack.length)
      this.#in.fail("it takes what is not there");
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): unknown[] {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length - count < floor) this.#in.fail("it takes what is not there");
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) this.#in.fail("it ends a group that never began");
    const items = this.#stack.slice(mark);
    this.#stack.length = mark;
    return items;
  }

  #append(items: unknown[]): void {
    const target = this.#top();
    if (target instanceof PickleObject) return;
    if (!Array.isArray(target)) this.#in.fail("it appends to what is not a list");
    for (const item of items) target.push(item);
  }

  #setItems(items: unknown[]): void {
    const target = this.#top();
    if (target instanceof PickleObject) return;
    if (!(target instanceof Map) || items.length % 2 !== 0) this.#in.fail("it sets items of what is not a dict");
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  #put(index: number): void {
    this.#budget.spend(1);
    this.#memo.set(index, this.#top());
  }

  #get(index: number): void {
    if (!this.#memo.has(index)) this.#in.fail(`it refers to an object ${index} that it never made`);
    this.#push(this.#memo.get(index));
  }

  #global(module: string, name: string): PickleGlobal {
    const found = this.#host.global(module, name);
    if (found) return found;
    throw new WeightsError(
      "format",
      `refused: the pickle asks for ${printable(`${module}.${name}`)}, which weights do not need. Nothing of it was run. ` +
        "If you trust the file, load it where it was made and save its state_dict() alone, best as safetensors",
      { file: this.#file },
    );
  }

  #call(callee: unknown, args: unknown): void {
    const target = callee as Partial<PickleGlobal> | null;
    if (typeof target !== "object" || target === null || typeof target.call !== "function") {
      this.#in.fail("it calls what cannot be called");
    }
    if (!(args instanceof PickleTuple)) this.#in.fail("the arguments of a call are not a tuple");
    this.#push(target.call(args.items, this.#budget));
  }
}
