"""Writes packages/tokenizer/test/fixtures/trained.json.gz: vocabularies that the Rust trainer makes.

    python tooling/reference/tokenizer-trained.py GOLDEN_JSON_GZ BOOKS_FOLDER        (tokenizers 0.14.1)
    python tooling/reference/tokenizer-trained.py --size N FILE...                   writes one vocabulary and its time to stdout

Continuations of one character get their ids in the order of a hash map, another in each run; the test hands ours the order
that this run happened to have.
"""
import gzip
import json
import pathlib
import re
import sys
import time

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train(feed, options):
    normal = {k: options[k] for k in ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase") if k in options}
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(**normal)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=options.get("vocab_size", 30000), min_frequency=options.get("min_frequency", 2), limit_alphabet=options.get("limit_alphabet", 1000),
        initial_alphabet=options.get("initial_alphabet", []), special_tokens=options.get("special_tokens", SPECIAL),
        continuing_subword_prefix=options.get("wordpieces_prefix", "##"), show_progress=False)
    feed(tokenizer, trainer)
    vocab = tokenizer.get_vocab()
    return sorted(vocab, key=vocab.get)


def main():
    texts = json.load(gzip.open(sys.argv[1]))["texts"][:57] * 2
    texts += [line for line in pathlib.Path(sys.argv[2], "alice-in-wonderland.txt").read_text(encoding="utf-8").split("\n\n")[20:120]]
    runs = []
    for options in (
        {"vocab_size": 700},
        {"vocab_size": 2000, "min_frequency": 1},
        {"vocab_size": 600, "lowercase": False, "special_tokens": ["[UNK]", "x"], "initial_alphabet": ["\u00f8", "Z"]},
        {"vocab_size": 500, "strip_accents": False, "handle_chinese_chars": False, "wordpieces_prefix": "##"},
    ):
        runs.append({"options": options, "tokens": train(lambda t, r: t.train_from_iterator([line for text in texts for line in re.split(r"(?<=\n)", text)], r), options)})
    files = sorted(str(path) for path in pathlib.Path(sys.argv[2]).glob("*.txt"))
    books = train(lambda t, r: t.train(files, r), {"vocab_size": 5000})
    target = pathlib.Path(__file__).resolve().parents[2] / "packages/tokenizer/test/fixtures/trained.json.gz"
    text = json.dumps({"texts": texts, "runs": runs, "books": books}, ensure_ascii=True, separators=(",", ":")) + "\n"
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print([len(run["tokens"]) for run in runs], len(books), target.stat().st_size)


def answer(size, files):
    start = time.perf_counter()
    tokens = train(lambda t, r: t.train(files, r), {"vocab_size": size})
    json.dump({"tokens": tokens, "seconds": time.perf_counter() - start}, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1] == "--size":
        answer(int(sys.argv[2]), sys.argv[3:])
    else:
        main()
