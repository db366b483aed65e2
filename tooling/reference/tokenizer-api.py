"""Writes packages/tokenizer/test/fixtures/api.json.gz: what the reference tokenizers' methods for ids answer.

    python tooling/reference/tokenizer-api.py VOCAB_TXT        (transformers 4.34.0, tokenizers 0.14.1)

A case is a tokenizer's options and steps: a method, its arguments and what the reference returned or {"error": ...}.
"""
import gzip
import json
import logging
import os
import pathlib
import sys
import tempfile

os.environ["RUST_BACKTRACE"] = "0"

import transformers
from tokenizers import AddedToken
from transformers import BertTokenizerFast, ConvBertTokenizer, ConvBertTokenizerFast

KINDS = {"slow": ConvBertTokenizer, "fast": ConvBertTokenizerFast}


class Heard(logging.Handler):
    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


heard = Heard()
logger = logging.getLogger("transformers.tokenization_utils_base")
logger.addHandler(heard)
logger.propagate = False


def plain(value):
    if isinstance(value, dict) or hasattr(value, "keys"):
        return {str(k): plain(value[k]) for k in value.keys()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, AddedToken):
        return {name: getattr(value, name) for name in ("content", "single_word", "lstrip", "rstrip", "normalized", "special")}
    return value


def answer(t, method, arguments):
    if method == "set":
        name, value = arguments
        setattr(t, name, value)
        return None
    if method == "warns":
        # Which of the calls warns that a row is longer than what the model takes.
        found = []
        for name, *rest in arguments[0]:
            heard.messages.clear()
            *positional, options = rest
            getattr(t, name)(*positional, **options)
            lengths = [m.split("(")[1].split(" >")[0] for m in heard.messages if m.startswith("Token indices sequence length")]
            found.append(int(lengths[0]) if lengths else 0)
        return found
    attribute = getattr(t, method)
    if not callable(attribute):
        return plain(attribute)
    if arguments and isinstance(arguments[-1], dict) and (len(arguments) > 1 or method == "tokenize"):
        return plain(attribute(*arguments[:-1], **arguments[-1]))
    return plain(attribute(*arguments))


def run(kind, vocabulary, options, steps):
    t = KINDS[kind](vocabulary, **options)
    done = []
    for method, *arguments in steps:
        # What the reference changes in place must not change the record.
        given = json.loads(json.dumps(arguments))
        try:
            done.append([method, arguments, answer(t, method, given)])
        except BaseException as error:
            done.append([method, arguments, {"error": f"{type(error).__name__}: {error}"}])
    return done


Q = {"verbose": False}
A, B, C = [7592, 2088, 1010, 2307], [2143, 2003], [1037]
ROWS = {"input_ids": [A, B, []], "token_type_ids": [[0, 0, 1, 1], [0, 1], []], "attention_mask": [[1, 1, 1, 1], [1, 1], []], "special_tokens_mask": [[1, 0, 0, 1], [1, 1], []]}
LABELLED = [{"input_ids": A, "labels": 1}, {"input_ids": B, "labels": 0}]


def pad_steps():
    strategies = [{}, {"padding": False}, {"padding": "longest"}, {"padding": "max_length"}, {"padding": "max_length", "max_length": 6}, {"padding": "max_length", "max_length": 3},
                  {"padding": True, "max_length": 9}, {"pad_to_multiple_of": 3}, {"padding": "max_length", "max_length": 7, "pad_to_multiple_of": 4},
                  {"padding": False, "pad_to_multiple_of": 4}, {"return_attention_mask": False}, {"return_attention_mask": True, "pad_to_multiple_of": 8}]
    inputs = [ROWS, {"input_ids": [A, B, C]}, {"input_ids": A}, {"input_ids": A, "token_type_ids": [0, 0, 1, 1], "special_tokens_mask": [1, 0, 0, 1]}, LABELLED,
              [{"input_ids": A, "attention_mask": [1, 1, 0, 0]}, {"input_ids": C, "attention_mask": [1]}], {"input_ids": []}]
    for given in inputs:
        for options in strategies:
            yield ["pad", given, {**options, **Q}]
    for wrong in ({"ids": A}, [{"input_ids": A}, {"ids": B}], {"input_ids": [A, B], "attention_mask": [[1, 1]]}, [{"input_ids": A, "labels": 1}, {"input_ids": B}], []):
        yield ["pad", wrong, Q]
    yield ["pad", {"input_ids": A}, {"padding": "shortest", **Q}]


def prepare_steps(fast):
    options = [{}, {"add_special_tokens": False}, {"max_length": 4, "truncation": True}, {"max_length": 4, "truncation": "only_first"}, {"max_length": 6, "truncation": "only_second"},
               {"max_length": 8, "padding": "max_length"}, {"padding": True, "pad_to_multiple_of": 8}, {"return_length": True}, {"return_attention_mask": False, "return_token_type_ids": False},
               {"max_length": 5, "truncation": "only_first", "return_overflowing_tokens": True, "stride": 1}, {"max_length": 5, "truncation": True, "return_overflowing_tokens": True},
               {"max_length": 3, "padding": "max_length", "truncation": True, "return_length": True}, {"add_special_tokens": False, "return_token_type_ids": True},
               {"max_length": 0, "truncation": True}, {"max_length": 1, "truncation": "only_first"}, {"truncation": "do_not_truncate", "max_length": 2}]
    if not fast:
        # The fast one has no mask of special tokens for ids.
        options += [{"return_special_tokens_mask": True}, {"return_special_tokens_mask": True, "padding": "max_length", "max_length": 9}]
    for pair in (None, B):
        for each in options:
            yield ["prepare_for_model", A, pair, {**each, **Q}]
    yield ["prepare_for_model", [], None, Q]
    yield ["prepare_for_model", [], None, {"add_special_tokens": False, **Q}]


def truncate_steps():
    for pair in (None, B, A, []):
        for strategy in ("longest_first", "only_first", "only_second", "do_not_truncate"):
            for count in (0, 1, 2, 3, 4, 7, -1):
                for stride in (0, 1):
                    yield ["truncate_sequences", A, pair, {"num_tokens_to_remove": count, "truncation_strategy": strategy, "stride": stride}]
    yield ["truncate_sequences", A, None, {"num_tokens_to_remove": 1, "truncation_strategy": "longest"}]


def id_steps(fast):
    for ids in ([2143, 3], [2143], [], 2143 if fast else [2143], [10 ** 6, 2143], [101, 7592, 102]):
        yield ["decode", ids, {}]
        yield ["decode", ids, {"skip_special_tokens": True}]
    for ids in ([[2143, 3]], [[2143], []], [], [2143, 3] if fast else [[2143]]):
        yield ["batch_decode", ids, {}]
    for ids in ([2143, 3], 2143, [], [10 ** 6, 2143], 10 ** 6, [101, 2143]):
        yield ["convert_ids_to_tokens", ids]
    for wrong in ("abc", None, [None], [[2143, 3]], {"input_ids": [2143]}, ["x"], 2.5):
        yield ["decode", wrong, {}]
        yield ["batch_decode", wrong, {}] if wrong != [[2143, 3]] else ["batch_decode", [[[2143, 3]]], {}]
        yield ["convert_ids_to_tokens", wrong]
    if fast:
        for wrong in ([-1], [10 ** 10], -1):
            yield ["decode", wrong, {}]
            yield ["convert_ids_to_tokens", wrong]
    else:
        yield ["decode", [-1, -100, 10 ** 10, 2143], {}]
        yield ["convert_ids_to_tokens", [-1, 10 ** 10]]
    for pair in (None, B):
        for method in ("build_inputs_with_special_tokens", "create_token_type_ids_from_sequences", *(() if fast else ("get_special_tokens_mask",))):
            yield [method, A, pair]
            yield [method, [], pair]
    yield ["get_special_tokens_mask", [101, 7592, 102, 0, 103], None, True]
    if not fast:
        yield ["get_special_tokens_mask", A, B, True]
    for pair in (True, False):
        yield ["num_special_tokens_to_add", pair]
    for given in (["a", "film"], "a film"):
        yield ["encode", given, Q]
    yield ["encode", [], Q]
    if not fast:
        for given in (A, ["a", "b", "c"], ["a"], ["nosuchtoken"]):
            yield ["encode", given, Q]
            yield ["encode", given, {"max_length": 4, "truncation": True, **Q}]
            yield ["encode", given, {"text_pair": "a film", **Q}]
            yield ["encode", given, {"text_pair": B, **Q}]
    yield ["convert_tokens_to_string", ["un", "##aff", "##able", "film", "'", "s"]]


STATE = [["all_special_tokens"], ["all_special_ids"], ["special_tokens_map"], ["pad_token"], ["pad_token_id"], ["mask_token"], ["mask_token_id"], ["bos_token"], ["bos_token_id"],
         ["additional_special_tokens"], ["additional_special_tokens_ids"], ["added_tokens_encoder"]]


def set_steps():
    for name, value in (("pad_token", "[unused5]"), ("mask_token", "film"), ("bos_token", "[CLS]"), ("eos_token", "the"), ("pad_token", None), ("pad_token_id", 6), ("bos_token_id", 101),
                        ("mask_token_id", None), ("additional_special_tokens_ids", [2143, 2003]), ("pad_token", 5), ("cls_token", ""), ("sep_token", ["[SEP]"]), ("additional_special_tokens", [5])):
        yield ["set", name, value]
        yield from STATE
    yield ["decode", [101, 2143, 2003, 3, 6], {"skip_special_tokens": True}]
    yield ["pad", {"input_ids": [A, B]}, Q]


def warning_steps():
    long, short = "a film that is far too long", "a film"
    call = "__call__"
    for calls in ([[call, short, {}], [call, long, {}], [call, long, {}]], [[call, long, {"verbose": False}], [call, long, {}]], [[call, long, {"truncation": True}], [call, long, {"max_length": 20, "truncation": True}], [call, [short, long], {}]],
                  [[call, [short, short], {"padding": True}], [call, [short, long], {"padding": True}]], [[call, long, {"truncation": True, "max_length": 30}], ["encode", long, {}]],
                  [[call, short, {"padding": "max_length", "max_length": 10}], [call, short, {"pad_to_multiple_of": 16, "padding": True}], [call, long, {}]],
                  [["prepare_for_model", A, {}], ["prepare_for_model", A + A, {}]], [[call, long, {"add_special_tokens": False}]], [["tokenize", short, {}], ["tokenize", long, {}], [call, long, {}]],
                  [[call, [long, long + " a"], {}]], [[call, ["a", "film", "a", "film", "a", "film"], {"is_split_into_words": True}]], [[call, short, {"text_pair": short}]]):
        yield [["warns", calls]]


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "film", "##s", "<x>"]


def folder_cases():
    """Slow tokenizers of folders whose added tokens stand in tokenizer.json alone."""
    def added(id, content, **flags):
        return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **flags}

    special = [added(i, w, special=True) for i, w in enumerate(WORDS[:5])]
    lists = {
        "none": [],
        "special ones": special,
        "a mask that strips": [*special[:4], added(4, "[MASK]", special=True, lstrip=True)],
        "new ones": [*special, added(10, "<new>"), added(11, "Two", normalized=True), added(12, "<s>", special=True, rstrip=True)],
        "one that the vocabulary has": [*special, added(9, "<x>", lstrip=True)],
        "words": [added(7, "film", single_word=True)],
    }
    text = "a film <x> films  [MASK] b <new> Two two <s>  a <x>"
    look = [["tokenize", text, {}], ["encode", text, {}], ["decode", [2, 5, 10, 11, 12, 9, 4, 3], {}], ["decode", [2, 5, 10, 11, 12, 9, 4, 3], {"skip_special_tokens": True}],
            ["get_added_vocab"], ["added_tokens_decoder"], ["all_special_tokens"]]
    for name, tokens in lists.items():
        for companions in ({}, {"tokenizer_config.json": {"do_lower_case": False}}, {"tokenizer_config.json": {"added_tokens_decoder": {"4": {k: v for k, v in added(4, "[MASK]", special=True).items() if k != "id"}}}},
                           {"added_tokens.json": {"<other>": 10}}):
            json_file = {"version": "1.0", "added_tokens": tokens, "model": {"type": "WordPiece", "vocab": {w: i for i, w in enumerate(WORDS)}}}
            files = {"vocab.txt": "\n".join(WORDS) + "\n", **{k: json.dumps(v) for k, v in {**companions, "tokenizer.json": json_file}.items()}}
            with tempfile.TemporaryDirectory() as folder:
                for file, content in files.items():
                    pathlib.Path(folder, file).write_text(content, encoding="utf-8")
                t = ConvBertTokenizer.from_pretrained(folder)
            yield {"name": f"{name}; {json.dumps(companions)[:60]}", "files": files, "steps": [[m, a, answer(t, m, a)] for m, *a in look]}


CORPUS = [
    "The film was far better than the trailer had promised, and far longer.", "A dull film; dull actors, dull songs, and an unaffable hero!",
    "Caf\u00e9s, na\u00efve caf\u00e9 owners and a clich\u00e9 or two: \u00fcber-cool.", "She sells sea shells on the sea shore; the shells she sells are sea shells.",
    "In 1999 and 2001, 42 people saw 7 films.\nNobody saw the eighth.", "\u6771\u4eac and \u4eac\u90fd are far from the shore.", "Unaffable, unaffordable, unanswerable: un-everything [MASK] <x>.",
    "  Tabs\tand   spaces, \u00bdhalf \u2460 signs \U0001f600.  ", "the the the THE The films filming filmed film's", "",
]


def retrained_cases():
    """Tokenizers trained anew from others."""
    stages = {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
              "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "ends", "type_id": 0}}],
                                 "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "ends", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                                 "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "ends": {"id": "ends", "ids": [3, 3], "tokens": ["[SEP]", "[SEP]"]}}},
              "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}}
    special = [{"id": i, "content": w, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, w in enumerate(WORDS[:5])]

    def json_file(**changes):
        model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(WORDS)}}
        return json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, **stages, **changes, "model": model})

    bert = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    vocab = {"vocab.txt": "\n".join(WORDS) + "\n"}
    folders = [(vocab, {}), (vocab, {"do_lower_case": False, "model_max_length": 20, "additional_special_tokens": ["<x>"]}), (vocab, {"strip_accents": False, "tokenize_chinese_chars": False}),
               ({"tokenizer.json": json_file()}, {}), ({"tokenizer.json": json_file(post_processor=bert, normalizer=None, pre_tokenizer={"type": "BertPreTokenizer"})}, {}),
               ({"tokenizer.json": json_file(pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": True}]}, normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]})}, {})]
    options = [(120, {}), (90, {"new_special_tokens": ["<n>", {"content": "<m>", "lstrip": True}]}), (200, {"special_tokens_map": {"[MASK]": "<mask>", "[CLS]": "<cls>", "[UNK]": "<unk>"}}),
               (5, {}), (150, {"min_frequency": 3, "limit_alphabet": 14, "initial_alphabet": ["\u00f8", "Z"]})]
    for files, given in folders:
        for size, changes in options:
            with tempfile.TemporaryDirectory() as folder:
                for file, content in files.items():
                    pathlib.Path(folder, file).write_text(content, encoding="utf-8")
                # A normalizer may be missing, which ConvBERT's own class does not survive.
                cls = ConvBertTokenizerFast if '"normalizer": null' not in files.get("tokenizer.json", "") else BertTokenizerFast
                try:
                    t = cls.from_pretrained(folder, **given)
                except BaseException as error:
                    print(files.keys(), given, error)
                    continue
            kwargs = {**changes}
            if "new_special_tokens" in kwargs:
                kwargs["new_special_tokens"] = [AddedToken(**x, special=True) if isinstance(x, dict) else x for x in kwargs["new_special_tokens"]]
            made = t.train_new_from_iterator([CORPUS[:4], CORPUS[4:]], size, show_progress=False, **kwargs)
            found = made.get_vocab()
            look = [["encode", CORPUS[6], {}], ["encode", CORPUS[1], {"text_pair": CORPUS[2]}], ["tokenize", CORPUS[4], {}], ["decode", list(range(0, 60, 3)), {}], ["all_special_tokens"], ["all_special_ids"],
                    ["special_tokens_map"], ["added_tokens_decoder"], ["model_max_length"], ["num_special_tokens_to_add", True]]
            yield {"files": files, "given": given, "size": size, "options": changes, "tokens": sorted(found, key=found.get), "steps": [[m, a, answer(made, m, a)] for m, *a in look]}


def main():
    vocabulary = sys.argv[1]
    cases = []
    for kind in KINDS:
        fast = kind == "fast"
        for options in ({}, {"padding_side": "left", "truncation_side": "left", "model_max_length": 7}, {"model_input_names": ["input_ids"], "model_max_length": 512}):
            steps = [*pad_steps(), *prepare_steps(fast), *truncate_steps(), *id_steps(fast)]
            cases.append({"kind": kind, "options": options, "steps": run(kind, vocabulary, options, steps)})
        cases.append({"kind": kind, "options": {}, "steps": run(kind, vocabulary, {}, list(set_steps()))})
        for steps in warning_steps():
            cases.append({"kind": kind, "options": {"model_max_length": 5}, "steps": run(kind, vocabulary, {"model_max_length": 5}, steps)})
    result = {"versions": {"transformers": transformers.__version__}, "cases": cases, "folders": list(folder_cases()), "corpus": CORPUS, "retrained": list(retrained_cases())}
    target = pathlib.Path(__file__).resolve().parents[2] / "packages/tokenizer/test/fixtures/api.json.gz"
    target.write_bytes(gzip.compress(json.dumps(result, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode(), 9, mtime=0))
    print(len(cases), "cases,", sum(len(c["steps"]) for c in cases), "steps,", target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
