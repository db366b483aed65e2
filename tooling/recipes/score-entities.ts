import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaggedWord } from "./as-written.ts";
import { ENTITY_TESTS } from "./entities.ts";

// F1 of entities, as seqeval counts them: node tooling/recipes/score-entities.ts MODEL [DATA] [float32 | int8]

const built = (name: string) => import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
const { loadModel, ConvBertTokenizerFast } = await built("convbert");
const { EntityMetric } = await built("trainer");
const root = fileURLToPath(new URL("../..", import.meta.url));
const [source, data = join(root, "../shared/data"), dtype = "float32"] = process.argv.slice(2);
if (source === undefined) throw new Error("give the folder of a model");
const model = await loadModel(source, { dtype });
const tokenize = await ConvBertTokenizerFast.fromPretrained(source);

/** The tag of each word: that of its first piece. */
async function tagsOf(sentence: readonly TaggedWord[]): Promise<string[]> {
  const words = sentence.map(({ word }) => word);
  const encoding = tokenize(words, { is_split_into_words: true, truncation: true, max_length: 512 });
  const { data: scores, offset } = (await model.forward({ input_ids: [encoding.input_ids] })).logits;
  const width = model.config.num_labels;
  const first: (number | null)[] = encoding.wordIds();
  return words.map((_, i) => {
    const at = first.indexOf(i);
    if (at < 0) return "O";
    const row = scores.subarray(offset + at * width, offset + (at + 1) * width);
    return model.config.id2label[row.indexOf(Math.max(...row))];
  });
}

for (const [name, read] of Object.entries(ENTITY_TESTS)) {
  const metric = new EntityMetric();
  for (const sentence of read(data)) {
    const found = await tagsOf(sentence);
    // Where the corpus tags the sign of `@name` and the name each, what the model finds counts for both.
    if (name.endsWith("as tagged")) {
      for (const [i, tag] of found.entries()) {
        if (sentence[i - 1]?.word === "@" && tag !== "O") found[i - 1] = tag.replace(/^I-/, "B-");
      }
    }
    metric.update([found], [sentence.map(({ tag }) => tag)]);
  }
  const { micro, types } = metric.compute();
  const parts = [...types].map(([type, { f1 }]) => `${type} ${f1.toFixed(3)}`);
  const [precision, recall, f1] = [micro.precision, micro.recall, micro.f1].map((value) => value.toFixed(3));
  console.log(`${name}: F1 ${f1}, precision ${precision}, recall ${recall}; ${parts.join(", ")}`);
}
model.dispose();
