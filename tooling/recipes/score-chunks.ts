import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asWritten, type TaggedWord } from "./as-written.ts";
import { chunkingSentences } from "./files.ts";

// Chunk F1 on CoNLL-2000's test set, its words as the corpus has them and as running text has them:
// node tooling/recipes/score-chunks.ts MODEL [DATA] [float32 | int8]

const built = (name: string) => import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
const { loadModel, ConvBertTokenizerFast } = await built("convbert");
const { EntityMetric } = await built("trainer");
const root = fileURLToPath(new URL("../..", import.meta.url));
const [source, data = join(root, "../shared/data"), dtype = "float32"] = process.argv.slice(2);
if (source === undefined) throw new Error("give the folder of a model");
const model = await loadModel(source, { dtype });
const tokenize = await ConvBertTokenizerFast.fromPretrained(source);

const sentences = chunkingSentences(data, "test");
for (const [name, kind] of [
  ["words of the corpus", (sentence: TaggedWord[]) => sentence],
  ["words of running text", asWritten],
] as const) {
  const metric = new EntityMetric();
  for (const sentence of sentences.map(kind)) {
    const words = sentence.map(({ word }) => word);
    const encoding = tokenize(words, { is_split_into_words: true, truncation: true, max_length: 256 });
    const { data: scores, offset } = (await model.forward({ input_ids: [encoding.input_ids] })).logits;
    const width = model.config.num_labels;
    const first: (number | null)[] = encoding.wordIds();
    const found = words.map((_, i) => {
      const at = first.indexOf(i);
      if (at < 0) return "O";
      const row = scores.subarray(offset + at * width, offset + (at + 1) * width);
      return model.config.id2label[row.indexOf(Math.max(...row))];
    });
    metric.update([found], [sentence.map(({ tag }) => tag)]);
  }
  console.log(`${name}: F1 ${metric.compute().micro.f1.toFixed(4)}`);
}
model.dispose();
