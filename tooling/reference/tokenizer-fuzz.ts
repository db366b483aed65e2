/**
 * Compares both tokenizers with the reference on random texts, field by field.
 *
 *     node tooling/reference/tokenizer-fuzz.ts PYTHON VOCAB_TXT [--count 100000] [--seed 1] [--large 10] [--entry FILE]
 *
 * PYTHON is a Python with transformers 4.34.0 and tokenizers 0.14.1. After COUNT short texts come LARGE ones of a million
 * UTF-16 units. Build the package first, or name another build's entry. Exits with 1 where anything differs.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    large: { type: "string", default: "10" },
    entry: {
      type: "string",
      default: fileURLToPath(new URL("../../packages/tokenizer/dist/index.js", import.meta.url)),
    },
  },
});
const [python, vocabularyPath] = positionals;
if (!python || !vocabularyPath) throw new Error("usage: tokenizer-fuzz.ts PYTHON VOCAB_TXT [--count N] [--seed N]");
const { ConvBertTokenizer, ConvBertTokenizerFast } = await import(pathToFileURL(values.entry).href);
const count = Number(values.count);
const vocabulary = readFileSync(vocabularyPath, "utf8");

/** Mulberry32: the same texts for the same seed, everywhere. */
let state = Number(values.seed) >>> 0;
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

const added = [
  { content: "<x>", lstrip: true },
  { content: "<y>", rstrip: true, normalized: false },
  { content: "Caf\u00e9", single_word: true },
  { content: "ABcd", normalized: true },
  { content: "bcD", normalized: false },
  { content: "new token", single_word: true, lstrip: true, rstrip: true },
  { content: "\u6771\u4eac", normalized: true },
  { content: "##ing", normalized: false },
];

const tokenizers = [
  { options: {} },
  { options: { do_lower_case: false } },
  { options: { do_lower_case: true, strip_accents: false } },
  { options: { do_lower_case: false, strip_accents: true } },
  { options: { tokenize_chinese_chars: false } },
  { options: { padding_side: "left", truncation_side: "left", model_max_length: 24 } },
  { options: {}, added },
  { options: { do_lower_case: false }, added },
  { options: {}, special: { mask_token: "<mask>", additional_special_tokens: ["<s1>", "<S2>"] } },
];

const ours = tokenizers.map(
  ({ options, added: tokens, special }: (typeof tokenizers)[number] & { added?: unknown[]; special?: object }) =>
    [ConvBertTokenizer, ConvBertTokenizerFast].map((kind) => {
      const tokenizer = new kind(vocabulary, options);
      if (tokens) tokenizer.addTokens(tokens);
      if (special) tokenizer.addSpecialTokens(special);
      return tokenizer;
    }),
);

const words = vocabulary.split("\n").filter((word) => word && !word.startsWith("["));
// Where the interesting code points are: marks, controls, spaces, punctuation, letters with case, CJK and its oddities,
// Hangul, emoji, private use, and stretches that no Unicode version has assigned.
const ranges: readonly (readonly [number, number])[] = [
  [0x00, 0x7f],
  [0x80, 0xff],
  [0x100, 0x24f],
  [0x250, 0x36f],
  [0x300, 0x36f],
  [0x370, 0x3ff],
  [0x400, 0x52f],
  [0x590, 0x6ff],
  [0x7c0, 0x8ff],
  [0x900, 0xdff],
  [0xe00, 0xfff],
  [0x1000, 0x10ff],
  [0x1100, 0x11ff],
  [0x13a0, 0x13ff],
  [0x1780, 0x1aff],
  [0x1ab0, 0x1aff],
  [0x1c80, 0x1cbf],
  [0x1dc0, 0x1dff],
  [0x1e00, 0x1fff],
  [0x2000, 0x206f],
  [0x20a0, 0x22ff],
  [0x20d0, 0x20ff],
  [0x2c00, 0x2fff],
  [0x3000, 0x30ff],
  [0x302a, 0x302f],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa640, 0xa6ff],
  [0xa8e0, 0xa8f1],
  [0xab30, 0xabbf],
  [0xac00, 0xd7a3],
  [0xd7b0, 0xd7ff],
  [0xe000, 0xf8ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfdff],
  [0xfe00, 0xfe6f],
  [0xff00, 0xffff],
  [0x10000, 0x107ff],
  [0x10a00, 0x10fff],
  [0x11000, 0x11fff],
  [0x16ac0, 0x16fff],
  [0x1b000, 0x1bcff],
  [0x1d100, 0x1d24f],
  [0x1d165, 0x1d172],
  [0x1d400, 0x1d7ff],
  [0x1e000, 0x1e2ff],
  [0x1e800, 0x1e95f],
  [0x1f000, 0x1faff],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2ceaf],
  [0x2b820, 0x2b920],
  [0x2ceb0, 0x2ebef],
  [0x2f800, 0x2fa1f],
  [0x30000, 0x3134a],
  [0x40000, 0xdffff],
  [0xe0000, 0xe01ef],
  [0xf0000, 0x10ffff],
];
const tricky = [
  "\u0130",
  "\u0131",
  "\u1e9e",
  "\u00df",
  "\u03a3",
  "\u03c2",
  "A\u03a3",
  "\u01c5",
  "\u212a",
  "\u212b",
  "\u0344",
  "\u0f73",
  "\u0958",
  "\u2126",
  "\u037e",
  "\u1fef",
  "\u200d",
  "\u200b",
  "\ufeff",
  "\u00ad",
  "\u2028",
  "\u2029",
  "\x85",
  "\x0b",
  "\x1c",
  "\u3000",
  "\ufffd",
  "\0",
  "\r\n",
  "\u{1F468}\u200d\u{1F469}\u200d\u{1F467}",
  "\u{1F1EB}\u{1F1F7}",
  "\u{1F44D}\u{1F3FD}",
  "[MASK]",
  "[CLS]",
  "[SEP]",
  "[UNK]",
  "[PAD]",
  "[mask]",
  " [MASK] ",
  "[MASK]x",
  "[[MASK]]",
  "<x>",
  " <y> ",
  "caf\u00e9",
  "Caf\u00e9",
  "CAFE\u0301",
  "abcd",
  "ABCD",
  "abcD",
  "ABcdbcD",
  "abcxd",
  "new token",
  "a new token.",
  "\u6771\u4eac",
  "##ing",
  "<mask>",
  "<S2>",
  "<s1>",
  "do not",
  "don't",
  " 's",
  " .",
  "\u1112\u1161\u11ab",
  "\u0327\u0301",
  "\u{16FF0}\u0301",
];

function character(): string {
  const [from, to] = pick(ranges);
  const c = from + below(to - from + 1);
  return c >= 0xd800 && c < 0xe000 ? "x" : String.fromCodePoint(c);
}

const recase = (word: string): string =>
  random() < 0.2 ? word.toUpperCase() : random() < 0.3 ? word.slice(0, 1).toUpperCase() + word.slice(1) : word;

const kinds: readonly (() => string)[] = [
  () => times(1 + below(30), () => pick(words).replace("##", "")).join(" "),
  () => times(1 + below(40), character).join(""),
  () => times(1 + below(9), () => times(1 + below(9), character).join("")).join(" "),
  () =>
    times(
      1 + below(20),
      () => recase(pick(words).replace("##", "")) + pick([" ", " ", ", ", ". ", "-", "'", "\n", "  "]),
    ).join(""),
  () =>
    times(1 + below(12), () => (random() < 0.5 ? pick(tricky) : random() < 0.5 ? pick(words) : character())).join(
      pick(["", " "]),
    ),
  // Marks upon marks.
  () =>
    times(
      1 + below(6),
      () =>
        pick(words) +
        times(below(7), () =>
          String.fromCodePoint(pick([0x300, 0x1dc0, 0x20d0, 0x8d3, 0x302a, 0x1d165, 0x1e130]) + below(16)),
        ).join(""),
    ).join(" "),
  // Words around the limit of 100 characters.
  () => times(1 + below(3), () => pick(["a", "\u00e9", "\u{1d504}", "\u0301b", "ab"]).repeat(90 + below(25))).join(" "),
];

function call(pair: boolean): Record<string, unknown> {
  if (random() < 0.7) return {};
  const options: Record<string, unknown> = {};
  if (random() < 0.2) options["add_special_tokens"] = false;
  if (random() < 0.7) {
    options["truncation"] = pick(pair ? ["longest_first", "only_first", "only_second"] : [true, "only_first"]);
    options["max_length"] = below(30);
    if (random() < 0.4) options["stride"] = below(8);
    if (random() < 0.5) options["return_overflowing_tokens"] = true;
  }
  if (random() < 0.3) {
    options["padding"] = pick(["longest", "max_length"]);
    options["max_length"] ??= 40;
    if (!options["truncation"] && random() < 0.5) options["pad_to_multiple_of"] = 8;
  }
  return options;
}

function attempt(work: () => unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(work()));
  } catch (error) {
    return { error: (error as Error).message };
  }
}

interface Case {
  readonly tokenizer: number;
  readonly text: string;
  readonly pair: string | null;
  readonly call: Record<string, unknown>;
}

function answerSlow({ tokenizer: index, text, pair, call: options }: Case): unknown {
  const tokenizer = ours[index]![0];
  const batch = tokenizer(text, { ...options, text_pair: pair, verbose: false });
  const ids = batch.input_ids;
  return {
    ...batch,
    tokens: tokenizer.convertIdsToTokens(ids),
    decoded: tokenizer.decode(ids),
    decoded_clean: tokenizer.decode(ids, { skip_special_tokens: true }),
  };
}

function answerFast({ tokenizer: index, text, pair, call: options }: Case): unknown {
  const tokenizer = ours[index]![1];
  const batch = tokenizer(text, {
    ...options,
    text_pair: pair,
    return_offsets_mapping: true,
    return_special_tokens_mask: true,
    verbose: false,
  });
  const rows: number[] = batch.encodings.map((_: unknown, i: number) => i);
  return {
    ...batch,
    tokens: rows.map((i) => batch.tokens(i)),
    word_ids: rows.map((i) => batch.wordIds(i)),
    sequence_ids: rows.map((i) => batch.sequenceIds(i)),
    ...(!options["return_overflowing_tokens"] && {
      decoded: tokenizer.decode(batch.input_ids),
      decoded_clean: tokenizer.decode(batch.input_ids, { skip_special_tokens: true }),
    }),
  };
}

const isError = (answer: unknown): answer is { error: string } =>
  typeof (answer as { error?: unknown }).error === "string";

const oracle = spawn(python, [fileURLToPath(new URL("./tokenizer-fuzz.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const answers = createInterface({ input: oracle.stdout })[Symbol.asyncIterator]();
oracle.stdin.write(`${JSON.stringify({ vocabulary: vocabularyPath, tokenizers })}\n`);

const totals = { texts: 0, slow: 0, fast: 0, errors: 0, codePoints: 0 };
const shown = { slow: 0, fast: 0 };
const waiting: Case[] = [];

async function check(): Promise<void> {
  const test = waiting.shift()!;
  const { value, done } = await answers.next();
  if (done) throw new Error("the oracle ended early");
  const expected = JSON.parse(value) as Record<"slow" | "fast", unknown>;
  for (const kind of ["slow", "fast"] as const) {
    const got = attempt(() => (kind === "slow" ? answerSlow(test) : answerFast(test)));
    const want = expected[kind];
    if (isError(want)) totals.errors++;
    const same = isError(want) ? isError(got) : isDeepStrictEqual(got, want);
    if (same) continue;
    totals[kind]++;
    if (shown[kind]++ >= 12) continue;
    console.log(`${kind} differs: ${JSON.stringify(test)}`);
    for (const field of new Set([...Object.keys(got as object), ...Object.keys(want as object)])) {
      const [a, b] = [(got as never)[field], (want as never)[field]];
      if (!isDeepStrictEqual(a, b))
        console.log(`  ${field}\n    ours      ${JSON.stringify(a)}\n    reference ${JSON.stringify(b)}`);
    }
  }
}

async function send(test: Case): Promise<void> {
  totals.texts++;
  totals.codePoints += Array.from(test.text).length;
  waiting.push(test);
  oracle.stdin.write(`${JSON.stringify(test)}\n`);
  if (waiting.length >= 64) await check();
}

for (let i = 0; i < count; i++) {
  const text = pick(kinds)();
  const pair = random() < 0.15 ? pick(kinds)() : null;
  await send({ tokenizer: below(tokenizers.length), text, pair, call: call(pair !== null) });
  if ((i + 1) % 10000 === 0) console.error(`${i + 1} texts: slow differs on ${totals.slow}, fast on ${totals.fast}`);
}
while (waiting.length > 0) await check();
for (let i = 0; i < Number(values.large); i++) {
  // Of one kind each, in turn; every other one has no spaces of its own.
  const kind = kinds[i % kinds.length]!;
  const glue = i % 2 ? "" : " ";
  let text = "";
  while (text.length < 1e6) text += kind() + glue;
  await send({ tokenizer: i % tokenizers.length, text, pair: null, call: {} });
  await check();
}
while (waiting.length > 0) await check();
oracle.stdin.end();
console.log(
  `${totals.texts} texts, ${totals.codePoints} code points, seed ${values.seed}: slow differs on ${totals.slow}, fast on ${totals.fast}; the reference errs on ${totals.errors} and so do we`,
);
process.exitCode = totals.slow + totals.fast > 0 ? 1 : 0;
