"""The oracle of tokenizer-json-fuzz.ts: answers JSON lines with what the reference makes of random tokenizer.json files.

A line {"json": ..., "config": ... or null} makes a tokenizer and is answered by its added tokens of which the normalizer
leaves nothing, {"vanishing": [...]}, or its error; a line {"text": ..., "pair": ... or null, "call": {...}} is answered by
what the last tokenizer says. Needs transformers 4.34.0 and
tokenizers 0.14.1.
"""
import json
import os
import pathlib
import sys
import tempfile

os.environ["RUST_BACKTRACE"] = "0"
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Panics of the Rust crate are answers here, not noise.

from tokenizers import Tokenizer, normalizers
from transformers import ConvBertTokenizerFast


def make(file, config):
    if config is None:
        # What the file says, which the class would overrule with its own defaults.
        backend = Tokenizer.from_str(json.dumps(file))
        normalizer = file.get("normalizer")
        if normalizer is None:
            backend.normalizer = normalizers.Sequence([])
        options = normalizer if normalizer and normalizer["type"] == "BertNormalizer" else {}
        return ConvBertTokenizerFast(
            tokenizer_object=backend,
            do_lower_case=options.get("lowercase", True),
            strip_accents=options.get("strip_accents"),
            tokenize_chinese_chars=options.get("handle_chinese_chars", True),
        )
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "tokenizer.json").write_text(json.dumps(file))
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        return ConvBertTokenizerFast.from_pretrained(folder)


def vanishing(tokenizer):
    normalizer = tokenizer.backend_tokenizer.normalizer
    tokens = tokenizer.added_tokens_decoder.values()
    return [t.content for t in tokens if normalizer and t.normalized and normalizer.normalize_str(t.content) == ""]


def encode(tokenizer, text, pair, call):
    encoded = tokenizer(text, pair, return_offsets_mapping=True, return_special_tokens_mask=True, **call)
    rows = range(len(encoded.encodings))
    ids = encoded.encodings[0].ids
    return {
        **encoded,
        "tokens": [encoded.tokens(i) for i in rows],
        "word_ids": [encoded.word_ids(i) for i in rows],
        "sequence_ids": [encoded.sequence_ids(i) for i in rows],
        "decoded": tokenizer.decode(ids),
        "decoded_clean": tokenizer.decode(ids, skip_special_tokens=True),
    }


def main():
    tokenizer = None
    for line in sys.stdin:
        case = json.loads(line)
        try:
            if "json" in case:
                tokenizer = None
                tokenizer = make(case["json"], case["config"])
                answer = {"vanishing": vanishing(tokenizer)}
            else:
                answer = encode(tokenizer, case["text"], case["pair"], case["call"])
        except BaseException as error:  # A panic of the Rust crate is no Exception.
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
