import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { asWritten } from "../as-written.ts";
import { entityCorpora, writeEntities } from "../entities.ts";
import { chunkingSentences, questionRows, saveRows, sentimentRows } from "../files.ts";

// What teachers are trained on and chosen with, out of the data folder, as texts.py and words.py read it:
// node tooling/recipes/teachers/corpora.ts OUTPUT --data ../shared/data

const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: "string" } } });
const [output] = positionals;
const { data } = values;
if (output === undefined || data === undefined) throw new Error("give a folder to write into, and --data FOLDER");
mkdirSync(output, { recursive: true });

for (const part of ["train", "dev"] as const) saveRows(output, `sst2-${part}`, sentimentRows(data, part));
for (const part of ["train", "dev"] as const) saveRows(output, `trec-${part}`, questionRows(data, part));

writeEntities(join(output, "phrases.conll"), chunkingSentences(data, "train").map(asWritten));
writeEntities(join(output, "phrases-dev.conll"), chunkingSentences(data, "dev").map(asWritten));

const { train, eval: held } = entityCorpora(data);
const every = <T>(count: number, rows: readonly T[]) => rows.filter((_, i) => i % count === 0);
// Half of the messages is enough for a teacher that takes its time.
writeEntities(join(output, "btc.conll"), every(2, train.btc));
writeEntities(join(output, "wnut.conll"), every(2, train.wnut));
writeEntities(join(output, "wiki.conll"), train.wikigold);
writeEntities(join(output, "wiki-dev.conll"), held.wikigold);
