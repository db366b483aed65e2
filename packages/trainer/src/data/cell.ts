type Container = readonly unknown[] | Readonly<Record<string, unknown>>;

/** What a cell of a table holds. */
export type Cell =
  | { readonly kind: "text" }
  /** A list (tuples and sets, too), or a dictionary: numbers, strings, booleans, null and more of them. */
  | { readonly kind: "container"; readonly value: Container }
  /** It begins and ends as a container does, and is none. */
  | { readonly kind: "broken"; readonly reason: string };

/** Containers within containers at most. */
const DEEPEST = 32;

/**
 * Reads what programs print where a cell has no room for a list: JSON (`["a", "b"]`), Python (`['a', 'b']`, `('a',)`,
 * `{'text': ['a']}`), numpy, which has no commas (`['a' 'b']`, `[3 0]`), and both (`[np.int64(3)]`, `array([3, 0])`).
 */
export function parseCell(text: string): Cell {
  const trimmed = text.trim();
  const isBracketed = /^(\[.*\]|\{.*\})$/s.test(trimmed);
  if (!isBracketed && !/^(\(.*\)|(np\.|numpy\.)?array\(.*\))$/s.test(trimmed)) return { kind: "text" };
  const parser = new Parser(trimmed);
  try {
    const value = parser.whole();
    const isContainer = typeof value === "object" && value !== null;
    return isContainer ? { kind: "container", value: value as Container } : { kind: "text" };
  } catch (error) {
    // A text in round brackets is a text.
    if (!(error instanceof CellSyntaxError) || !isBracketed) return { kind: "text" };
    return { kind: "broken", reason: error.message };
  }
}

class CellSyntaxError extends Error {}

const SPACE = /\s*/y;
const STRING = /u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/sy;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])/y;
const NAME = /(?:np\.|numpy\.)?[A-Za-z_]\w*/y;
/** What a number or a string of numpy is wrapped in, and its arrays. */
const WRAPPER = /^(?:np\.|numpy\.)?(?:array|u?int\d*|float\d+|str_|bool_?)$/;
const CONSTANTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["True", "true", "np.True_"].map((name) => [name, true] as const),
  ...["False", "false", "np.False_"].map((name) => [name, false] as const),
  ...["None", "null"].map((name) => [name, null] as const),
  ...["nan", "NaN"].map((name) => [name, Number.NaN] as const),
]);

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    const value = this.#value();
    this.#match(SPACE);
    if (this.#at < this.#text.length) throw new CellSyntaxError("text follows its end");
    return value;
  }

  #value(): unknown {
    this.#match(SPACE);
    const next = this.#text[this.#at];
    if (next === "[") return this.#list("]");
    if (next === "(") return this.#tuple();
    if (next === "{") return this.#dictionary();
    const string = this.#match(STRING);
    if (string) return unescaped(string[1] ?? string[2] ?? "");
    const number = this.#match(NUMBER);
    if (number) return Number(number[0]);
    const name = this.#match(NAME)?.[0];
    if (name !== undefined && CONSTANTS.has(name)) return CONSTANTS.get(name);
    if (name !== undefined && WRAPPER.test(name) && this.#take("(")) return this.#wrapped();
    if (this.#text.startsWith("...", this.#at)) {
      throw new CellSyntaxError('its middle was left out ("...") when the file was written');
    }
    throw new CellSyntaxError(name === undefined ? "it is no list of JSON or Python" : "its items have no quotes");
  }

  /** Items with commas between, or spaces as numpy has them. */
  #list(end: string): unknown[] {
    return this.#nested(() => {
      const items: unknown[] = [];
      while (!this.#take(end)) {
        items.push(this.#value());
        this.#take(",");
      }
      return items;
    });
  }

  /** `(1)` is a number in brackets, `(1,)` a list. */
  #tuple(): unknown[] {
    const start = this.#at;
    const items = this.#list(")");
    if (!this.#text.slice(start, this.#at).includes(",")) throw new CellSyntaxError("it is text in brackets");
    return items;
  }

  #dictionary(): unknown[] | Record<string, unknown> {
    return this.#nested(() => {
      const keys: unknown[] = [];
      const values: unknown[] = [];
      while (!this.#take("}")) {
        keys.push(this.#value());
        if (this.#take(":")) values.push(this.#value());
        this.#take(",");
      }
      if (keys.length > 0 && values.length === 0) return keys;
      if (keys.length !== values.length) throw new CellSyntaxError("some of its keys have no value");
      return Object.fromEntries(keys.map((key, i) => [String(key), values[i]]));
    });
  }

  /** What follows `array(`: the value, and names as `dtype=object`. */
  #wrapped(): unknown {
    return this.#nested(() => {
      const value = this.#value();
      while (!this.#take(")")) {
        if (!(this.#take(",") && this.#match(/\s*\w+\s*=\s*[\w.'"<>|]+/y))) {
          throw new CellSyntaxError("it is no list of JSON or Python");
        }
      }
      return value;
    }, false);
  }

  #nested<T>(read: () => T, opens = true): T {
    if (++this.#depth > DEEPEST) throw new CellSyntaxError(`it is more than ${DEEPEST} lists deep`);
    if (opens) this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #take(sign: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** The text of a string's source, with the escapes that JSON and Python have in common, and Python's own. */
function unescaped(source: string): string {
  return source.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|([nrtbf])|(['"\\/]))/g,
    (whole, short?: string, long?: string, byte?: string, letter?: string, sign?: string) => {
      const code = Number.parseInt(short ?? long ?? byte ?? "", 16);
      if (!Number.isNaN(code)) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      return letter === undefined ? sign! : ESCAPES[letter]!;
    },
  );
}
