import { quoted } from "@convbert/files/internal";
import { isWireDType, WIRE_DTYPES, type WireDType } from "../../dtypes.js";

/** What one tensor's entry in the header says, checked as JSON only. */
export interface RawEntry {
  readonly name: string;
  readonly dtype: WireDType;
  readonly shape: readonly number[];
  readonly offsets: readonly [number, number];
}

export interface RawHeader {
  /** Null where the file has none. */
  readonly metadata: ReadonlyMap<string, string> | null;
  readonly entries: ReadonlyMap<string, RawEntry>;
}

/** As the reference library's parser. */
const MOST_NESTING = 127;
/** What a count may be, short of the rounding; what is not exact is refused later. */
const MOST_COUNT = 2 ** 64 - 2048;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\r\n]*/y;
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * Parses the JSON of a header exactly as strictly as the reference library (safetensors 0.8 on serde_json), which the
 * platform's parser cannot: a whole number with a point is none, half of a surrogate pair is no text, a field given twice
 * is an error while a tensor given twice counts as its last; entries may be lists of their fields.
 * @throws SyntaxError with the position.
 */
export function parseHeaderJson(text: string): RawHeader {
  return new HeaderParser(text).header();
}

class HeaderParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  header(): RawHeader {
    let metadata: ReadonlyMap<string, string> | null | undefined;
    const entries = new Map<string, RawEntry>();
    this.#object((name) => {
      if (name !== "__metadata__") {
        entries.set(name, this.#entry(name));
        return;
      }
      if (metadata !== undefined) this.#fail("__metadata__ comes twice");
      metadata = this.#word("null") ? null : this.#metadata();
    });
    this.#space();
    if (this.#at < this.#text.length) this.#fail("something follows the object");
    return { metadata: metadata ?? null, entries };
  }

  #metadata(): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    this.#object((key) => texts.set(key, this.#string()));
    return texts;
  }

  #entry(name: string): RawEntry {
    let dtype: WireDType | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    const once = (value: unknown, field: string) => value !== undefined && this.#fail(`${field} comes twice`);
    const read = (field: string): void => {
      if (field === "dtype") {
        once(dtype, field);
        dtype = this.#dtype();
      } else if (field === "shape") {
        once(shape, field);
        shape = this.#integers();
      } else if (field === "data_offsets") {
        once(offsets, field);
        offsets = this.#integers();
      } else this.#skip(3);
    };
    if (this.#peek() === "[") {
      const fields = ["dtype", "shape", "data_offsets"];
      this.#list((index) => (index < 3 ? read(fields[index]!) : this.#fail("an entry has more than three fields")));
    } else this.#object(read);
    if (dtype === undefined || shape === undefined || offsets === undefined) {
      return this.#fail("an entry lacks its dtype, shape or data_offsets");
    }
    if (offsets.length !== 2) this.#fail("data_offsets are not two numbers");
    return { name, dtype, shape, offsets: [offsets[0]!, offsets[1]!] };
  }

  /** A name; the library's parser takes `{"F32": null}` as well. */
  #dtype(): WireDType {
    if (this.#peek() !== "{") return this.#known(this.#string());
    const names: string[] = [];
    this.#object((name) => {
      names.push(name);
      if (!this.#word("null")) this.#fail("a dtype has a value");
    });
    return names.length === 1 ? this.#known(names[0]!) : this.#fail("a dtype is not one name");
  }

  #known(dtype: string): WireDType {
    return isWireDType(dtype) ? dtype : this.#fail(`the dtype ${quoted(dtype)} is none of ${WIRE_DTYPES.join(", ")}`);
  }

  #integers(): number[] {
    const values: number[] = [];
    this.#list(() => {
      const text = this.#number();
      const value = Number(text);
      if (!/^\d+$/.test(text) || value > MOST_COUNT) this.#fail("a number is not a count");
      values.push(value);
    });
    return values;
  }

  #object(member: (key: string) => void): void {
    this.#expect("{");
    if (this.#accept("}")) return;
    do {
      const key = this.#string();
      this.#expect(":");
      member(key);
    } while (this.#accept(","));
    this.#expect("}");
  }

  #list(item: (index: number) => void): void {
    this.#expect("[");
    if (this.#accept("]")) return;
    let index = 0;
    do item(index++);
    while (this.#accept(","));
    this.#expect("]");
  }

  /** Any value of a field that nobody asks for; it has to be JSON all the same. */
  #skip(depth: number): void {
    const next = this.#peek();
    if ((next === "{" || next === "[") && depth > MOST_NESTING) this.#fail("it is nested too deep");
    if (next === "{") this.#object(() => this.#skip(depth + 1));
    else if (next === "[") this.#list(() => this.#skip(depth + 1));
    else if (next === '"') this.#string();
    else if (!(this.#word("null") || this.#word("true") || this.#word("false"))) {
      if (!Number.isFinite(Number(this.#number()))) this.#fail("a number is out of range");
    }
  }

  #string(): string {
    this.#expect('"');
    let text = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#text)![0];
      text += plain;
      this.#at += plain.length;
      const next = this.#text[this.#at++];
      if (next === '"') return text;
      if (next !== "\\") return this.#fail("a text has a control character, or no end");
      text += this.#escape();
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at++] ?? "";
    if (kind === '"' || kind === "\\" || kind === "/") return kind;
    if (Object.hasOwn(ESCAPES, kind)) return ESCAPES[kind]!;
    if (kind !== "u") return this.#fail("a text has an unknown escape");
    const first = this.#unit();
    if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    const isPair = first < 0xdc00 && this.#text.startsWith("\\u", this.#at);
    if (isPair) this.#at += 2;
    const second = isPair ? this.#unit() : 0;
    if (second < 0xdc00 || second > 0xdfff) return this.#fail("a text has half of a surrogate pair");
    return String.fromCharCode(first, second);
  }

  #unit(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail("a text has an unknown escape");
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }

  #number(): string {
    this.#space();
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) return this.#fail("a value is none of JSON's, or not of its field's kind");
    this.#at += text.length;
    return text;
  }

  #word(word: string): boolean {
    this.#space();
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #peek(): string | undefined {
    this.#space();
    return this.#text[this.#at];
  }

  #accept(mark: string): boolean {
    if (this.#peek() !== mark) return false;
    this.#at++;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#accept(mark)) this.#fail(`${mark} is missing`);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)![0].length;
  }

  #fail(message: string): never {
    throw new SyntaxError(`${message}, at character ${this.#at}`);
  }
}
