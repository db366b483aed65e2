"""The oracle of tokenizer-fuzz.ts: answers JSON lines with what the reference tokenizers make of them.

The first line is {"vocabulary": path of a vocab.txt, "tokenizers": [{"options": {...}, "added": [...], "special": {...}}]}. Each further
line is {"tokenizer": index, "text": ..., "pair": ... or null, "call": {...}} and is answered by {"slow": ..., "fast": ...}.
Needs transformers 4.34.0 and tokenizers 0.14.1.
"""
import json
import os
import sys

os.environ["RUST_BACKTRACE"] = "0"
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Panics of the Rust crate are answers here, not noise.

from tokenizers import AddedToken
from transformers import ConvBertTokenizer, ConvBertTokenizerFast


def make(kind, vocabulary, options, added, special):
    tokenizer = kind(vocabulary, **options)
    if added:
        tokenizer.add_tokens([AddedToken(**token) for token in added])
    if special:
        tokenizer.add_special_tokens(special)
    return tokenizer


def attempt(work):
    try:
        return work()
    except BaseException as error:  # A panic of the Rust crate is no Exception.
        return {"error": f"{type(error).__name__}: {error}"}


def slow(tokenizer, text, pair, call):
    encoded = tokenizer(text, pair, **call)
    ids = encoded["input_ids"]
    return {
        **encoded,
        "tokens": tokenizer.convert_ids_to_tokens(ids),
        "decoded": tokenizer.decode(ids),
        "decoded_clean": tokenizer.decode(ids, skip_special_tokens=True),
    }


def fast(tokenizer, text, pair, call):
    encoded = tokenizer(text, pair, return_offsets_mapping=True, return_special_tokens_mask=True, **call)
    rows = range(len(encoded.encodings))
    answer = {
        **encoded,
        "tokens": [encoded.tokens(i) for i in rows],
        "word_ids": [encoded.word_ids(i) for i in rows],
        "sequence_ids": [encoded.sequence_ids(i) for i in rows],
    }
    if not call.get("return_overflowing_tokens"):
        answer["decoded"] = tokenizer.decode(encoded["input_ids"])
        answer["decoded_clean"] = tokenizer.decode(encoded["input_ids"], skip_special_tokens=True)
    return answer


def main():
    setup = json.loads(sys.stdin.readline())
    tokenizers = [
        [make(kind, setup["vocabulary"], t["options"], t.get("added"), t.get("special")) for kind in (ConvBertTokenizer, ConvBertTokenizerFast)]
        for t in setup["tokenizers"]
    ]
    for line in sys.stdin:
        case = json.loads(line)
        slow_tokenizer, fast_tokenizer = tokenizers[case["tokenizer"]]
        arguments = case["text"], case["pair"], case["call"]
        answer = {
            "slow": attempt(lambda: slow(slow_tokenizer, *arguments)) if case.get("slow", True) else None,
            "fast": attempt(lambda: fast(fast_tokenizer, *arguments)),
        }
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
