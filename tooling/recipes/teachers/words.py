"""A large encoder fine-tuned to tag words, and how likely each tag is to it in other sentences: what a small model learns from.

    python words.py train ENCODER OUTPUT --data train.conll... --eval dev.conll
    python words.py label MODEL soft.jsonl sentences.conll...

Files have a word and its tag on a line, an empty line after each sentence; of those to label only the first column is read.
Computes in bfloat16 where the processor has it.
"""
import argparse, json, pathlib, time

import torch
from training import batches, fine_tune
from transformers import AutoModelForTokenClassification, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["train", "label"])
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("sentences", nargs="*", type=pathlib.Path)
parser.add_argument("--data", nargs="+", type=pathlib.Path)
parser.add_argument("--eval", nargs="+", type=pathlib.Path)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=5e-5)
parser.add_argument("--max-length", type=int, default=160)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)


def rows_of(path):
    """Words and tags of each sentence."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        cells = [line.split("\t") for line in block.strip("\n").split("\n") if line.strip()]
        if cells:
            yield [cell[0] for cell in cells], [cell[-1] for cell in cells]


def length(row):
    return len(row[0])


def forward(model, tokenizer, batch):
    """Logits, and where the first piece of each word is."""
    words = [row[0] for row in batch]
    inputs = tokenizer(
        words, is_split_into_words=True, padding=True, truncation=True, max_length=args.max_length, return_tensors="pt"
    )
    firsts = []
    for i in range(len(batch)):
        first = {}
        for position, word in enumerate(inputs.word_ids(i)):
            if word is not None:
                first.setdefault(word, position)
        firsts.append(first)
    with torch.autocast("cpu", torch.bfloat16):
        return model(**inputs).logits.float(), firsts


@torch.no_grad()
def likelihoods(model, tokenizer, rows):
    """Of each sentence, what each word's tags are like; [words, tags], without those cut off."""
    model.eval()
    for batch in batches(rows, 64, length, False):
        logits, firsts = forward(model, tokenizer, batch)
        for row, values, first in zip(batch, logits.softmax(-1), firsts):
            kept = next((i for i in range(len(row[0])) if i not in first), len(row[0]))
            yield row, values[[first[i] for i in range(kept)]]


def shares(names, values):
    """How likely the tags are that are likely at all."""
    kept = {name: value for name, value in zip(names, values) if value >= 0.002}
    return {name: round(value / sum(kept.values()), 4) for name, value in kept.items()}


def entities(tags):
    found, begin = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if begin is not None and (tag[:2] != "I-" or tag[2:] != tags[begin][2:]):
            found.add((begin, i, tags[begin][2:]))
            begin = None
        if tag[:2] == "B-" or (tag[:2] == "I-" and begin is None):
            begin = i
    return found


def f1(model, tokenizer, rows, names):
    right = said = there = 0
    for (words, tags), values in likelihoods(model, tokenizer, rows):
        mine, theirs = entities([names[i] for i in values.argmax(-1).tolist()]), entities(tags)
        right, said, there = right + len(mine & theirs), said + len(mine), there + len(theirs)
    return 2 * right / max(1, said + there)


tokenizer = AutoTokenizer.from_pretrained(args.model, add_prefix_space=True)
start = time.time()
if args.command == "label":
    model = AutoModelForTokenClassification.from_pretrained(args.model)
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    rows = [row for path in args.sentences for row in rows_of(path)]
    with args.output.open("w", encoding="utf-8") as file:
        for (words, _), values in likelihoods(model, tokenizer, rows):
            if not len(values):
                continue
            row = {"tokens": words[: len(values)], "tags": [shares(names, shared) for shared in values.tolist()]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(rows)} sentences, {time.time() - start:.0f} s")
else:
    rows = [row for path in args.data for row in rows_of(path)]
    held = {path: list(rows_of(path)) for path in args.eval}
    names = sorted({tag for _, tags in rows for tag in tags})
    model = AutoModelForTokenClassification.from_pretrained(
        args.model, id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)}
    )

    def loss_of(batch):
        logits, firsts = forward(model, tokenizer, batch)
        targets = torch.full(logits.shape[:2], -100)
        for i, ((_, tags), first) in enumerate(zip(batch, firsts)):
            for word, position in first.items():
                targets[i, position] = names.index(tags[word])
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def finish(epoch, seconds):
        scores = ", ".join(f"{path.stem} {f1(model, tokenizer, rows, names):.4f}" for path, rows in held.items())
        print(f"epoch {epoch + 1}: F1 {scores}, {seconds:.0f} s", flush=True)
        model.save_pretrained(args.output)
        tokenizer.save_pretrained(args.output)

    fine_tune(model, rows, args, length, loss_of, finish)
