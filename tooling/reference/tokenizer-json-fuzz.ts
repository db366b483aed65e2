/**
 * Compares the fast tokenizer with the reference on random tokenizer.json files and texts, field by field.
 *
 *     node tooling/reference/tokenizer-json-fuzz.ts PYTHON [--count 2000] [--texts 50] [--seed 1] [--entry FILE]
 *
 * PYTHON is a Python with transformers 4.34.0 and tokenizers 0.14.1. Every file is also saved and loaded again, which must
 * change nothing. Build the package first, or name another build's entry. What differs as DIVERGENCES.md of the package has
 * it is counted by its kind, and so are texts on which the reference panics; exits with 1 where anything else differs.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { WORDS } from "../../packages/tokenizer/src/generated/words.ts";
import { setOf } from "../../packages/tokenizer/src/unicode/runs.ts";
import { below, isError, pick, random, seed, textKinds, times, tricky } from "./random-texts.ts";
import { randomTokenizer } from "./random-tokenizers.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "2000" },
    texts: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    entry: {
      type: "string",
      default: fileURLToPath(new URL("../../packages/tokenizer/dist/index.js", import.meta.url)),
    },
  },
});
const [python] = positionals;
if (!python) throw new Error("usage: tokenizer-json-fuzz.ts PYTHON [--count N] [--texts N] [--seed N]");
const { ConvBertTokenizerFast, TokenizerError } = await import(pathToFileURL(values.entry).href);
seed(Number(values.seed));

type Json = Record<string, unknown>;

/** What the reference says of a file. */
interface Made {
  /** Added tokens of which the normalizer leaves nothing. */
  readonly vanishing: readonly string[];
}

interface Case {
  readonly text: string;
  readonly pair: string | null;
  readonly call: Record<string, unknown>;
}

function randomCall(pair: boolean): Record<string, unknown> {
  if (random() < 0.5) return {};
  const options: Record<string, unknown> = {};
  if (random() < 0.2) options["add_special_tokens"] = false;
  if (random() < 0.7) {
    options["truncation"] = pick(pair ? ["longest_first", "only_first", "only_second"] : [true, "only_first"]);
    options["max_length"] = below(24);
    if (random() < 0.4) options["stride"] = below(6);
    if (random() < 0.6) options["return_overflowing_tokens"] = true;
  }
  if (random() < 0.3) {
    options["padding"] = "max_length";
    options["max_length"] ??= 30;
  }
  return options;
}

// biome-ignore lint/suspicious/noExplicitAny: the built package, of which nothing is known here
function answer(tokenizer: any, { text, pair, call }: Case): unknown {
  const batch = tokenizer(text, {
    ...call,
    text_pair: pair,
    return_offsets_mapping: true,
    return_special_tokens_mask: true,
    verbose: false,
  });
  const rows: number[] = batch.encodings.map((_: unknown, i: number) => i);
  const { ids } = batch.encodings[0];
  return {
    ...batch,
    tokens: rows.map((i) => batch.tokens(i)),
    word_ids: rows.map((i) => batch.wordIds(i)),
    sequence_ids: rows.map((i) => batch.sequenceIds(i)),
    decoded: tokenizer.decode(ids),
    decoded_clean: tokenizer.decode(ids, { skip_special_tokens: true }),
  };
}

/** An answer as JSON knows it, its error, or an error that should not be. */
function attempt(tokenizer: unknown, test: Case): object {
  try {
    return JSON.parse(JSON.stringify(answer(tokenizer, test)));
  } catch (error) {
    const { message, stack } = error as Error;
    return error instanceof TokenizerError ? { error: message } : { crash: stack };
  }
}

const oracle = spawn(python, [fileURLToPath(new URL("./tokenizer-json-fuzz.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: oracle.stdout })[Symbol.asyncIterator]();
async function read(): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done) throw new Error("the oracle ended early");
  return JSON.parse(value);
}

const totals = { files: 0, refused: 0, texts: 0, errors: 0, differ: 0, filesThatDiffer: 0, roundTrips: 0 };
/** Texts on which answers differ for a reason that is listed. */
const listed = {
  "the reference panics": 0,
  "sequences without a post-processor": 0,
  "an added token that is normalized away": 0,
  "word characters of another Unicode version beside a single_word token": 0,
};
type Listed = keyof typeof listed;
let shown = 0;

const isWordThere = setOf(WORDS);
const isWordHere = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Why answers may differ. */
function reasonFor({ text, pair }: Case, json: Json, made: Made): Listed | undefined {
  if (made.vanishing.length > 0) return "an added token that is normalized away";
  const added = json["added_tokens"] as readonly { readonly single_word: boolean }[];
  const isOther = (c: string): boolean => isWordHere.test(c) !== isWordThere(c.codePointAt(0)!);
  if (added.some((token) => token.single_word) && Array.from(text + (pair ?? "")).some(isOther))
    return "word characters of another Unicode version beside a single_word token";
  return undefined;
}

const withoutSequences = (answered: unknown): unknown => ({ ...(answered as Json), sequence_ids: undefined });

function show(title: string, json: Json, config: unknown, detail: readonly string[]): void {
  if (shown++ >= 20) return;
  const { model, added_tokens, ...rest } = json;
  console.log(
    `${title}\n  ${JSON.stringify(rest)}\n  config ${JSON.stringify(config)}\n  added ${JSON.stringify(added_tokens)}`,
  );
  for (const line of detail) console.log(`  ${line}`);
}

for (let i = 0; i < Number(values.count); i++) {
  const { json, config, words } = randomTokenizer();
  const kinds = textKinds(words);
  const own = (): string =>
    times(1 + below(12), () => (random() < 0.8 ? pick(words) : pick(tricky))).join(
      pick(["", " ", " ", "  ", "-", "\n"]),
    );
  const cases = times(Number(values.texts), (): Case => {
    const pair = random() < 0.25 ? own() : null;
    const text = random() < 0.7 ? own() : pick(kinds)().slice(0, 200);
    return { text, pair, call: randomCall(pair !== null) };
  }).map((test) => ({ ...test, text: test.text.toWellFormed() }));
  oracle.stdin.write(`${JSON.stringify({ json, config })}\n`);
  for (const test of cases) oracle.stdin.write(`${JSON.stringify(test)}\n`);
  totals.files++;
  const files = {
    "tokenizer.json": JSON.stringify(json),
    ...(config && { "tokenizer_config.json": JSON.stringify(config) }),
  };
  let tokenizer: unknown;
  let again: unknown;
  const made = await read();
  try {
    tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
    again = await ConvBertTokenizerFast.fromPretrained(await (tokenizer as { toFiles(): Promise<object> }).toFiles());
  } catch (error) {
    if (!isError(made)) show(`refused: ${(error as Error).message}`, json, config, []);
    if (!isError(made)) totals.filesThatDiffer++;
  }
  if (isError(made)) totals.refused++;
  if (isError(made) && tokenizer) {
    totals.filesThatDiffer++;
    show(`the reference refuses: ${made.error}`, json, config, []);
  }
  let isFirst = true;
  for (const test of cases) {
    const want = await read();
    if (!tokenizer || isError(made)) continue;
    totals.texts++;
    const got = attempt(tokenizer, test);
    const saved = attempt(again, test);
    const survives = isDeepStrictEqual(saved, got);
    if (!survives) totals.roundTrips++;
    const panics = isError(want) && want.error.startsWith("PanicException");
    if (panics) listed["the reference panics"]++;
    else if (isError(want)) totals.errors++;
    let isSame = panics ? !("crash" in got) : isError(want) ? isError(got) : isDeepStrictEqual(got, want);
    if (!isSame && !json["post_processor"] && isDeepStrictEqual(withoutSequences(got), withoutSequences(want))) {
      listed["sequences without a post-processor"]++;
      isSame = true;
    }
    const reason = isSame ? undefined : reasonFor(test, json, made as Made);
    if (reason) listed[reason]++;
    if ((isSame || reason) && survives) continue;
    if (!isSame && !reason) totals.differ++;
    if (!isFirst) continue;
    isFirst = false;
    totals.filesThatDiffer++;
    const fields = new Set([...Object.keys(got), ...Object.keys(want as object)]);
    const [ours, theirs] = isSame ? [saved, got] : [got, want];
    show(isSame ? "saving changes" : "differs", json, config, [
      JSON.stringify(test),
      ...[...fields].flatMap((field) => {
        const [a, b] = [(ours as never)[field], (theirs as never)[field]];
        return isDeepStrictEqual(a, b)
          ? []
          : [`${field}\n    ours      ${JSON.stringify(a)}\n    expected  ${JSON.stringify(b)}`];
      }),
    ]);
  }
}
oracle.stdin.end();
console.log(
  `seed ${values.seed}: ${totals.files} files (${totals.refused} refused by the reference), ${totals.texts} texts: ${totals.differ} differ, in ${totals.filesThatDiffer} files; ${totals.roundTrips} differ once saved and loaded; both refuse ${totals.errors}`,
);
for (const [reason, count] of Object.entries(listed)) console.log(`  ${count} texts, listed: ${reason}`);
process.exitCode = totals.differ + totals.roundTrips + totals.filesThatDiffer > 0 ? 1 : 0;
