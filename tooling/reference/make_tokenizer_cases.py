"""Record what the reference's two tokenizers make of awkward and random texts, under many settings.

    .venv/bin/python make_tokenizer_cases.py VOCAB_TXT OUT.json.gz [--seed 0] [--texts 240]

The file holds {"versions", "texts", "pairs", "runs"}; a run is {"options", "call", "on", "count", "slow", "fast"}, a row
for each of the first `count` texts (or pairs). "slow" is ConvBertTokenizer (Python), "fast" ConvBertTokenizerFast (Rust),
which adds offsets, word and sequence ids and overflowing windows. A row is {"error"} where the reference raises.
"""

import argparse
import gzip
import json
import pathlib
import random
import tempfile
import unicodedata

import tokenizers
import transformers
from transformers import ConvBertTokenizer, ConvBertTokenizerFast

AWKWARD = [
    "", " ", "\n\t ", "  leading and   inner   spaces  ", "unaffable unwanted, running", "HELLO World's don't",
    "naïve café Ångström", "Cafe\u0301 e\u0301\u0302 a\u0308o\u0308", "İstanbul IĞDIR ısı", "Straße ẞ", "ﬁ ﬂ Ⅳ ½ ™",
    "你好，世界", "東京タワー と 스카이트리", "한국어 토큰화", "ภาษาไทย हिन्दी العربية", "𠀀𠮷 𪚥 rare", "mixed中文and英文123",
    "emoji 😀👍🏽👨\u200d👩\u200d👧🇫🇷", "zero\u200bwidth\u200djoin\ufeffbom", "soft\u00adhyphen nbsp\u00a0ideographic\u3000space",
    "control\x00\x01\x07chars\x7f\x85end", "replacement\ufffdchar", "tabs\tand\r\nnewlines\u2028line\u2029para",
    "\u0300\u0301\u0302", "\ue000private\uf8ff", "ΑΣ Σίσυφος", "Ǆ ǅ ŉ ſ \u212a \u212b", "ａｂｃ１２３ fullwidth", "\U0001d504\U0001d7d8",
    "[CLS] [SEP] [MASK] [PAD] [UNK]", "[mask] [ MASK ] [MASK]ed x[MASK]y", "##ing ##ed a##b", "C++ (1999–2024) — “quotes” …",
    "a" * 100, "a" * 101, "é" * 120, "x" * 100 + " ok", "3.14159 -42 1e-10 $1,234.56 €99", "a_b __init__ `~^",
]
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
          (0x1E00, 0x206F), (0x20A0, 0x22FF), (0x3000, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xAD00), (0xF900, 0xFAFF),
          (0xFE00, 0xFFEF), (0x1F300, 0x1F64F), (0x20000, 0x200FF), (0x2F800, 0x2F8FF), (0xE0000, 0xE007F)]

# (options of the constructor, options of the call, on pairs, which tokenizers, how many rows)
BOTH, SLOW, FAST = ("slow", "fast"), ("slow",), ("fast",)
RUNS = [
    ({}, {}, False, BOTH, None),
    ({}, dict(add_special_tokens=False), False, BOTH, 120),
    ({}, {}, True, BOTH, None),
    (dict(do_lower_case=False), {}, False, BOTH, None),
    (dict(do_lower_case=False, strip_accents=True), {}, False, BOTH, 120),
    (dict(do_lower_case=True, strip_accents=False), {}, False, BOTH, None),
    (dict(tokenize_chinese_chars=False), {}, False, BOTH, 120),
    (dict(never_split=["unaffable", "[MASK]ed", "World's"]), {}, False, SLOW, 120),
    (dict(do_basic_tokenize=False), {}, False, SLOW, 120),
    *(({}, dict(truncation=which, max_length=16), True, BOTH, None) for which in ("longest_first", "only_first", "only_second")),
    ({}, dict(truncation=True, max_length=12), False, BOTH, 120),
    ({}, dict(truncation=True, max_length=12, padding="max_length"), False, BOTH, 80),
    (dict(padding_side="left", truncation_side="left"), dict(truncation=True, max_length=12, padding="max_length"), False, BOTH, 80),
    ({}, dict(truncation="only_second", max_length=24, stride=6, return_overflowing_tokens=True), True, FAST, None),
    ({}, dict(truncation="longest_first", max_length=20, stride=4, return_overflowing_tokens=True), True, FAST, 40),
    ({}, dict(truncation=True, max_length=10, stride=3, return_overflowing_tokens=True), False, FAST, 120),
    ({}, dict(padding="max_length", max_length=33, pad_to_multiple_of=8), False, BOTH, 20),
    (dict(pad_token="<p>", unk_token="<u>", mask_token="<m>", cls_token="<c>", sep_token="<s>"), {}, False, BOTH, 60),
]


def random_text(draw, words):
    character = lambda: chr(draw.randint(*draw.choice(RANGES)))
    kind = draw.randrange(3)
    if kind == 0:
        text = "".join(character() for _ in range(draw.randint(1, 40)))
    elif kind == 1:
        text = " ".join("".join(character() for _ in range(draw.randint(1, 9))) for _ in range(draw.randint(1, 9)))
    else:
        chosen = (draw.choice(words).removeprefix("##") for _ in range(draw.randint(1, 20)))
        cased = (draw.choice([str, str, str.title, str.upper])(word) for word in chosen)
        text = "".join(word + draw.choice([" ", " ", ", ", ". ", "-", "'", "\n", "  ", " [MASK] "]) for word in cased)
    return "".join(c for c in text if unicodedata.category(c) != "Cs")


def slow_row(tokenizer, texts, call):
    encoding = tokenizer(*texts, **call)
    ids = encoding["input_ids"]
    return dict(encoding, tokens=tokenizer.convert_ids_to_tokens(ids), decoded=tokenizer.decode(ids),
                decoded_clean=tokenizer.decode(ids, skip_special_tokens=True))


def fast_row(tokenizer, texts, call):
    encoding = tokenizer(*texts, return_offsets_mapping=True, return_special_tokens_mask=True, **call)
    windows = range(len(encoding.encodings))
    row = dict(encoding, tokens=[encoding.tokens(i) for i in windows], word_ids=[encoding.word_ids(i) for i in windows],
               sequence_ids=[encoding.sequence_ids(i) for i in windows])
    if not call.get("return_overflowing_tokens"):
        ids = encoding["input_ids"]
        row |= dict(decoded=tokenizer.decode(ids), decoded_clean=tokenizer.decode(ids, skip_special_tokens=True))
    return row


def row_or_error(make_row, tokenizer, texts, call):
    try:
        return make_row(tokenizer, texts, call)
    except BaseException as error:  # the Rust tokenizer panics with a BaseException
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return dict(error=f"{type(error).__name__}: {error}")


def main():
    parser = argparse.ArgumentParser(description="record the reference tokenizers' results")
    parser.add_argument("vocab", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texts", type=int, default=240, help="how many random texts besides the awkward ones")
    arguments = parser.parse_args()

    draw = random.Random(arguments.seed)
    vocabulary = arguments.vocab.read_bytes()
    words = [word for word in vocabulary.decode("utf-8").split("\n") if word and not word.startswith("[")]
    texts = AWKWARD + [random_text(draw, words) for _ in range(arguments.texts)]
    pairs = [[draw.choice(texts), draw.choice(texts)] for _ in range(80)]
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        # A folder with nothing else in it, so that no tokenizer.json beside the vocabulary is picked up.
        vocab = pathlib.Path(folder, "vocab.txt")
        vocab.write_bytes(vocabulary)
        makers = dict(slow=(ConvBertTokenizer, slow_row), fast=(ConvBertTokenizerFast, fast_row))
        for options, call, on_pairs, which, count in RUNS:
            rows = (pairs if on_pairs else [[text] for text in texts])[:count]
            run = dict(options=options, call=call, on="pairs" if on_pairs else "texts", count=len(rows))
            for name in which:
                make_tokenizer, make_row = makers[name]
                tokenizer = make_tokenizer(str(vocab), **options)
                run[name] = [row_or_error(make_row, tokenizer, row, call) for row in rows]
            runs.append(run)
    versions = dict(transformers=transformers.__version__, tokenizers=tokenizers.__version__)
    with gzip.open(arguments.out, "wt", encoding="ascii") as out:
        json.dump(dict(versions=versions, texts=texts, pairs=pairs, runs=runs), out, separators=(",", ":"))
    print(f"{len(texts)} texts, {len(pairs)} pairs, {len(runs)} runs")


if __name__ == "__main__":
    main()
