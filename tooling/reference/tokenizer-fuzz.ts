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
import { attempt, below, isError, pick, random, seed, textKinds } from "./random-texts.ts";

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
seed(Number(values.seed));
const vocabulary = readFileSync(vocabularyPath, "utf8");

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
const kinds = textKinds(words);

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

const oracle = spawn(python, [fileURLToPath(new URL("./tokenizer-fuzz.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const answers = createInterface({ input: oracle.stdout })[Symbol.asyncIterator]();
oracle.stdin.write(`${JSON.stringify({ vocabulary: vocabularyPath, tokenizers })}\n`);

const totals = { texts: 0, slow: 0, fast: 0, errors: 0, codePoints: 0 };
const shown = { slow: 0, fast: 0 };
const pending: Case[] = [];

async function check(): Promise<void> {
  const test = pending.shift()!;
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
  pending.push(test);
  oracle.stdin.write(`${JSON.stringify(test)}\n`);
  if (pending.length >= 64) await check();
}

for (let i = 0; i < count; i++) {
  const text = pick(kinds)();
  const pair = random() < 0.15 ? pick(kinds)() : null;
  await send({ tokenizer: below(tokenizers.length), text, pair, call: call(pair !== null) });
  if ((i + 1) % 10000 === 0) console.error(`${i + 1} texts: slow differs on ${totals.slow}, fast on ${totals.fast}`);
}
while (pending.length > 0) await check();
for (let i = 0; i < Number(values.large); i++) {
  // Of one kind each, in turn; every other one has no spaces of its own.
  const kind = kinds[i % kinds.length]!;
  const glue = i % 2 ? "" : " ";
  let text = "";
  while (text.length < 1e6) text += kind() + glue;
  await send({ tokenizer: i % tokenizers.length, text, pair: null, call: {} });
  await check();
}
while (pending.length > 0) await check();
oracle.stdin.end();
console.log(
  `${totals.texts} texts, ${totals.codePoints} code points, seed ${values.seed}: slow differs on ${totals.slow}, fast on ${totals.fast}; the reference errs on ${totals.errors} and so do we`,
);
process.exitCode = totals.slow + totals.fast > 0 ? 1 : 0;
