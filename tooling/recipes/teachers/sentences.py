"""Texts without labels for a teacher to label, out of public corpora that are read from disk. See ../README.md for where they are.

    python sentences.py sentiment OUTPUT --data ../shared/data --trees train.txt --reviews aclImdb/train
        --products custrev.pos custrev.neg yelp_labelled.txt
    python sentences.py entities OUTPUT --data ../shared/data --wiki-split tune.tsv validation.tsv test.tsv
        --gap gap-development.tsv gap-validation.tsv gap-test.tsv --wikiann train dev test --wordnet data.noun
    python sentences.py questions OUTPUT --data ../shared/data --queries train.tsv dev.tsv test.tsv
    python sentences.py phrases OUTPUT --data ../shared/data --reviews aclImdb/train --wiki-split tune.tsv --queries train.tsv

Whatever stands in a test or development set is left out: whole texts for classifiers, and for entities each sentence that shares
seven words in a row with wikigold or XQuAD.
"""
import argparse, json, pathlib, random, re

parser = argparse.ArgumentParser()
parser.add_argument("task", choices=["sentiment", "entities", "questions", "phrases"])
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("--data", type=pathlib.Path, required=True, help="the data folder")
files = {"nargs": "*", "type": pathlib.Path, "default": []}
parser.add_argument("--trees", type=pathlib.Path, help="train.txt of the Stanford Sentiment Treebank, as trees")
parser.add_argument("--reviews", type=pathlib.Path, help="train folder of the Large Movie Review Dataset")
parser.add_argument("--reviews-count", type=int, default=40_000)
parser.add_argument("--products", **files, help="customer reviews, a sentence a line, what follows a tab left out")
parser.add_argument("--wiki-split", **files)
parser.add_argument("--gap", **files)
parser.add_argument("--wikiann", **files)
parser.add_argument("--wordnet", type=pathlib.Path, help="data.noun of WordNet 3.1")
parser.add_argument("--queries", **files, help="Google's query wellformedness")
args = parser.parse_args()
random.seed(0)
args.output.mkdir(parents=True, exist_ok=True)


def lines_of(path, encoding="utf-8"):
    return path.read_text(encoding=encoding, errors="replace").split("\n")


def letters(text):
    """Texts that differ in signs, spaces and case alone are the same."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def save(name, rows):
    rows = list(rows)
    with (args.output / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(f"{name}: {len(rows)}")


# Sentiment

LIKELY = [0.03, 0.2, 0.5, 0.8, 0.97]
"""How likely praise is for the five classes of the treebank."""


def phrases(tree):
    """Class and words of each node; the whole sentence is last."""
    nodes, stack = [], []
    tokens = iter(re.findall(r"[()]|[^\s()]+", tree))
    for token in tokens:
        if token == "(":
            stack.append((int(next(tokens)), []))
        elif token == ")":
            kind, words = stack.pop()
            nodes.append((kind, " ".join(words)))
            if stack:
                stack[-1][1].extend(words)
        else:
            stack[-1][1].append(token)
    return nodes


def plain(text):
    for sign, written in [("\\/", "/"), ("-LRB-", "("), ("-RRB-", ")"), ("``", '"'), ("''", '"'), ("`", "'")]:
        text = text.replace(sign, written)
    return text.lower()


def review_sentences(held):
    """Sentences of film reviews in a seeded order."""
    sentences = []
    for path in sorted(args.reviews.glob("pos/*.txt")) + sorted(args.reviews.glob("neg/*.txt")):
        text = re.sub(r"\s+", " ", re.sub(r"<br\s*/?>", " ", path.read_text(encoding="utf-8")))
        for sentence in re.split(r"""(?<=[.!?])["')]*\s+(?=["'(]?[A-Z0-9])""", text):
            if 4 <= len(sentence.split()) <= 28 and letters(sentence) not in held:
                sentences.append(sentence.strip())
    random.shuffle(sentences)
    return sentences


def sentiment():
    part = lambda name: {letters(line.split("\t")[0]) for line in lines_of(args.data / "sst2" / f"{name}.tsv")}
    training, held = part("train"), part("dev") | part("test")
    found = {}
    for tree in filter(None, lines_of(args.trees)):
        nodes = phrases(tree)
        kind, whole = nodes[-1]
        # Files of the trees differ in what they hold: of sentences with a class, those to train on alone.
        if letters(plain(whole)) in training or (kind == 2 and letters(plain(whole)) not in held):
            for kind, text in nodes:
                found.setdefault(letters(plain(text)), (kind, plain(text)))
    short, long = [], []
    for key, (kind, text) in found.items():
        if len(key) < 3 or key in held:
            continue
        # The sentences to train on are written without hyphens.
        text = re.sub(r"(?<=\w)-(?=\w)", " ", text) if random.random() < 0.7 else text
        if len(text.split()) < 4:
            short.append({"text": text, "label": {"POSITIVE": LIKELY[kind], "NEGATIVE": round(1 - LIKELY[kind], 2)}})
        else:
            long.append({"text": text})
    save("soft-short", short)
    save("long", long)
    save("reviews", ({"text": text} for text in review_sentences(held)[: args.reviews_count]))
    others = {}
    for path in args.products:
        for line in lines_of(path):
            text = line.split("\t")[0].strip()
            if 3 <= len(text.split()) <= 40:
                others.setdefault(letters(text), text)
    masc = [line.strip() for line in lines_of(args.data / "sentences/sentences.txt") if 4 <= len(line.split()) <= 25]
    random.shuffle(masc)
    for line in masc[:12_000]:
        others.setdefault(letters(line), line)
    save("others", ({"text": text} for key, text in others.items() if key not in held))


# Entities

NAMED = re.compile(r"[a-z,] [A-Z][a-z]+")


def cut(text):
    """Words as BERT's tokenizer cuts running text, before it looks at words."""
    return re.findall(r"\w+|[^\w\s]", text.replace("''", '"').replace("``", '"'))


def grams(words, size=7):
    words = [word.lower() for word in words if re.match(r"\w", word)]
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}


def blocks(path):
    return path.read_text(encoding="utf-8").split("\n\n")


def entities():
    held = set()
    for block in blocks(args.data / "wikigold/wikigold.conll.txt"):
        held |= grams([piece for line in block.split("\n") if line.strip() for piece in cut(line.split()[0])])
    for article in json.loads((args.data / "xquad/xquad.en.json").read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            held |= grams(cut(paragraph["context"]))
    seen = set()

    def write(name, sentences):
        kept = []
        for words in map(cut, sentences):
            key = letters("".join(words))
            if 4 <= len(words) <= 70 and key not in seen and not grams(words) & held:
                seen.add(key)
                kept.append(words)
        random.shuffle(kept)
        text = "\n".join("".join(f"{word}\tO\n" for word in words) for words in kept)
        (args.output / f"{name}.conll").write_text(text, encoding="utf-8")
        print(f"{name}: {len(kept)}")

    def wiki_split():
        for path in args.wiki_split:
            yield from (line.split("\t")[0] for line in lines_of(path))

    def gap():
        for path in args.gap:
            for line in lines_of(path)[1:]:
                # Letters that were lost are stars.
                text = re.sub(r"(?<=\w)\*(?=\w)", "", (line.split("\t") + [""])[1])
                yield from re.split(r"""(?<=[a-z0-9)"\]][.!?])["')]*\s+(?=["'(]?[A-Z0-9])""", text)

    def wikiann():
        for path in args.wikiann:
            for block in blocks(path):
                words = [re.split(r"\s", line)[0].split(":", 1)[-1] for line in block.split("\n") if line.strip()]
                # Most of the others are titles and lists.
                if len(words) >= 7 and any(letter.islower() for letter in words[-2]):
                    yield " ".join(words)

    def wordnet():
        for line in lines_of(args.wordnet):
            if line.startswith("  ") or "|" not in line:
                continue
            head, gloss = line.split("|", 1)
            word, meaning = head.split()[4].replace("_", " "), gloss.strip().split(";")[0].strip().rstrip(".")
            if "@i" in head and word[0].isupper() and 20 < len(meaning) < 160:
                yield f"{word} is {meaning} ." if re.match(r"(a|an|the)\b", meaning) else f"{word} was a {meaning} ."

    masc = [l for l in lines_of(args.data / "sentences/sentences.txt") if NAMED.search(l) and 20 < len(l) < 300]
    random.shuffle(masc)
    write("wiki-split", wiki_split())
    write("gap", gap())
    write("wikiann", wikiann())
    write("masc", masc[:20_000])
    write("wordnet", wordnet())


# Questions


def questions():
    asked = [line for part in ("train", "test") for line in lines_of(args.data / f"trec/{part}.txt", "latin-1")]
    held = {letters(line.split(" ", 1)[-1]) for line in asked}
    found = {}
    for path in args.queries:
        for line in lines_of(path):
            text = line.split("\t")[0].strip()
            if len(text.split()) > 2 and letters(text) not in held:
                found.setdefault(letters(text), text)
    save("queries", ({"text": text} for text in found.values()))


# Phrases


def phrase_texts():
    """Sentences of all kinds: letters, talk, fiction and news, articles, reviews and questions."""
    masc = [line for line in lines_of(args.data / "sentences/sentences.txt") if 3 <= len(line.split()) <= 40]
    articles = [line.split("\t")[0] for path in args.wiki_split for line in lines_of(path)]
    queries = [line.split("\t")[0] for path in args.queries for line in lines_of(path)]
    texts = []
    for found, count in [(masc, 16_000), (articles, 5_000), (queries, 4_000)]:
        random.shuffle(found)
        texts += found[:count]
    texts += review_sentences(set())[:8_000]
    rows = [cut(text) for text in dict.fromkeys(texts)]
    blocks = ["".join(f"{word}\tO\n" for word in words) for words in rows if len(words) > 2]
    (args.output / "phrases.conll").write_text("\n".join(blocks), encoding="utf-8")
    print(f"phrases: {len(blocks)}")


{"sentiment": sentiment, "entities": entities, "questions": questions, "phrases": phrase_texts}[args.task]()
