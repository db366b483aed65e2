import { loadModel } from "@convbert/heads";
import type { FloatArray } from "@convbert/model";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "@convbert/tokenizer";
import { checkWeights } from "./graph.js";
import type { Grid, Layers, ModelRef, TokenRow, Tokens } from "./protocol.js";
import { keyOf, openModel } from "./sources.js";

/** Tokens whose insides are shown: a map has as many cells as their square, for every head of every layer. */
const MOST_TOKENS = 96;

interface Inside {
  readonly key: string;
  readonly model: Awaited<ReturnType<typeof loadModel>>;
}

let tokenizers: { key: string; fast: ConvBertTokenizerFast; slow: ConvBertTokenizer } | null = null;
let inside: Inside | null = null;

async function tokenizersOf(model: ModelRef) {
  const key = keyOf(model);
  if (tokenizers?.key !== key) {
    const files = await openModel(model);
    try {
      const fast = await ConvBertTokenizerFast.fromPretrained(files);
      const slow = await ConvBertTokenizer.fromPretrained(files);
      tokenizers = { key, fast, slow };
    } finally {
      await files.close();
    }
  }
  return tokenizers;
}

/** How both tokenizers see a text, or two. */
export async function tokens(model: ModelRef, text: string, pair: string | null): Promise<Tokens> {
  const { fast, slow } = await tokenizersOf(model);
  const options = { offset_unit: "utf16", ...(pair !== null && { text_pair: pair }) } as const;
  const [encoding] = fast([text], { ...options, ...(pair !== null && { text_pair: [pair] }) }).encodings!;
  const { ids, tokens: texts, specialTokensMask } = encoding!;
  const slowIds = slow(text, pair === null ? {} : { text_pair: pair }).input_ids as number[];
  const special = new Set(slow.allSpecialIds);
  return {
    fast: texts.map((token, index) => ({
      text: token,
      id: ids[index]!,
      place: encoding!.tokenToChars(index),
      word: encoding!.tokenToWord(index),
      special: specialTokensMask[index] === 1,
    })),
    slow: (slow.convertIdsToTokens(slowIds) as string[]).map(
      (token, index): TokenRow => ({
        text: token,
        id: slowIds[index]!,
        place: null,
        word: null,
        special: special.has(slowIds[index]!),
      }),
    ),
  };
}

/** Attention, kernels and hidden states of a text. */
export async function layers(model: ModelRef, text: string, pair: string | null): Promise<Layers> {
  const { fast } = await tokenizersOf(model);
  const key = keyOf(model);
  if (inside?.key !== key) {
    inside?.model.dispose();
    inside = null;
    const files = await openModel(model);
    try {
      await checkWeights(files);
      inside = { key, model: await loadModel(files, { onWarning: () => undefined }) };
    } finally {
      await files.close();
    }
  }
  const all = fast(text, pair === null ? {} : { text_pair: pair });
  const allIds = all.input_ids as number[];
  const most = Math.min(MOST_TOKENS, inside.model.config.max_position_embeddings);
  const ids = allIds.slice(0, most);
  const encoder = "convbert" in inside.model ? inside.model.convbert : inside.model;
  const output = await encoder.forward({
    input_ids: [ids],
    token_type_ids: [(all.token_type_ids as number[]).slice(0, most)],
    output_attentions: true,
    output_hidden_states: true,
    output_kernels: true,
  });
  return {
    tokens: fast.convertIdsToTokens(ids) as string[],
    allTokens: allIds.length,
    attentions: output.attentions!.map(grid),
    kernels: output.kernels!.map(grid),
    states: output.hidden_states!.map(grid),
  };
}

/** An array without the axis of the batch. */
function grid({ data, shape }: FloatArray): Grid {
  return { data, shape: shape.slice(1) };
}
