"""Writes packages/tokenizer/test/fixtures/features.json.gz: what the reference tokenizers answer to many small questions.

    python tooling/reference/tokenizer-features.py VOCAB_TXT        (transformers 4.34.0, tokenizers 0.14.1)

A case is a tokenizer (a vocabulary or files in a folder, and options) and steps, each a method, its arguments and what the
reference returned or {"error": ...}. The test runs the same steps on ours.
"""
import gzip
import json
import os
import pathlib
import sys
import tempfile

os.environ["RUST_BACKTRACE"] = "0"

import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer
from transformers import ConvBertTokenizer, ConvBertTokenizerFast

KINDS = {"slow": ConvBertTokenizer, "fast": ConvBertTokenizerFast}


def token(value):
    return AddedToken(**value) if isinstance(value, dict) else value


def plain(value):
    """JSON for what the reference returns."""
    if isinstance(value, AddedToken):
        return json.loads(value.__getstate__()) if isinstance(value.__getstate__(), (str, bytes)) else value.__getstate__()
    if isinstance(value, dict) or hasattr(value, "keys"):
        return {str(k): plain(value[k]) for k in value.keys()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def rows(encoded, call):
    n = range(len(encoded.encodings))
    return {
        **plain(encoded),
        "tokens": [encoded.tokens(i) for i in n],
        "word_ids": [encoded.word_ids(i) for i in n],
        "sequence_ids": [encoded.sequence_ids(i) for i in n],
    }


def answer(t, method, arguments):
    fast = isinstance(t, ConvBertTokenizerFast)
    if method == "call":
        text, options = arguments
        encoded = t(text, **options)
        return rows(encoded, options) if fast else plain(encoded)
    if method == "questions":
        # Every question to an Encoding, at every place.
        text, options = arguments
        encoded = t(text, **options)
        found = []
        for i, e in enumerate(encoded.encodings):
            length = len(e.ids)
            found.append({
                "token_to_sequence": [e.token_to_sequence(k) for k in range(length)],
                "token_to_word": [e.token_to_word(k) for k in range(length)],
                "token_to_chars": [e.token_to_chars(k) for k in range(length)],
                "char_to_token": [[e.char_to_token(k, s) for k in range(40)] for s in range(2)],
                "char_to_word": [[e.char_to_word(k, s) for k in range(40)] for s in range(2)],
                "word_to_tokens": [[e.word_to_tokens(k, s) for k in range(12)] for s in range(2)],
                "word_to_chars": [[e.word_to_chars(k, s) for k in range(12)] for s in range(2)],
                "n_sequences": e.n_sequences,
                "overflowing": [o.ids for o in e.overflowing],
            })
        return plain(found)
    if method == "add_tokens":
        return t.add_tokens([token(x) for x in arguments[0]], special_tokens=arguments[1])
    if method == "add_special_tokens":
        given = {k: [token(x) for x in v] if isinstance(v, list) else token(v) for k, v in arguments[0].items()}
        return t.add_special_tokens(given)
    if method == "added_tokens_decoder":
        return {str(k): plain(v) for k, v in t.added_tokens_decoder.items()}
    if method == "len":
        return len(t)
    if method in ("tokenize", "decode", "batch_decode", "encode"):
        return plain(getattr(t, method)(arguments[0], **arguments[1]))
    attribute = getattr(t, method)
    return plain(attribute(*arguments) if callable(attribute) else attribute)


def run(kind, make, steps):
    t = make()
    done = []
    for method, *arguments in steps:
        try:
            done.append([method, arguments, answer(t, method, arguments)])
        except BaseException as error:
            done.append([method, arguments, {"error": f"{type(error).__name__}: {error}"}])
    return done


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "hello", "world", "un", "##aff", "##able", "a", "##a", "b", "##b", "caf", "##e", "##\u00e9",
         "caf\u00e9", ",", ".", "!", "'", "2", "##3", "\u4eac", "\u6771", "Hello", "HELLO", "w", "##orld", "s", "##s", "<x>", "x"]
BOOK = "Hello world, the unaffable caf\u00e9 23! \u6771\u4eac [MASK] Hello \U0001d504 ab<x> the."
STATE = [["len"], ["vocab_size"], ["all_special_tokens"], ["all_special_ids"], ["special_tokens_map"], ["get_added_vocab"], ["added_tokens_decoder"],
         ["model_max_length"], ["padding_side"], ["additional_special_tokens"], ["unk_token_id"], ["pad_token"], ["mask_token_id"]]
LOOK = [["tokenize", BOOK, {}], ["encode", BOOK, {}], ["decode", [2, 6, 7, 1, 3, 4, 33, 34], {}], ["decode", [2, 6, 7, 1, 3, 4, 33, 34], {"skip_special_tokens": True}]]


def direct_cases(vocabulary):
    """Tokenizers of the whole vocabulary."""
    texts = ["a fine film", "Hello there, unaffable caf\u00e9!", "", "\U0001f600 \u6771\u4eac \U0001d504x [MASK] end"]
    pairs = ["the pair", "", "second one", "x"]
    calls = [
        ["call", texts[1], {"text_pair": pairs[0]}],
        ["call", texts, {}],
        ["call", texts, {"text_pair": pairs}],
        ["call", [[texts[0], pairs[0]], [texts[1], pairs[2]]], {}],
        ["call", texts, {"padding": True}],
        ["call", texts, {"padding": "longest", "pad_to_multiple_of": 8}],
        ["call", texts, {"padding": "max_length", "max_length": 12, "truncation": True}],
        ["call", texts, {"padding": "max_length", "max_length": 6}],
        ["call", texts, {"padding": True, "max_length": 7, "truncation": True, "return_length": True}],
        ["call", texts[1], {"padding": "max_length", "max_length": 20, "return_length": True}],
        ["call", texts, {"max_length": 5}],
        ["call", texts, {"max_length": 1, "truncation": True}],
        ["call", texts, {"max_length": 2, "truncation": True}],
        ["call", texts, {"text_pair": pairs, "max_length": 4, "truncation": True}],
        ["call", texts, {"return_attention_mask": False, "return_token_type_ids": False}],
        ["call", texts, {"return_special_tokens_mask": True, "padding": True}],
        ["call", texts, {"add_special_tokens": False, "return_special_tokens_mask": True, "text_pair": pairs}],
        ["call", texts[1], {"add_special_tokens": False, "return_token_type_ids": True}],
        ["call", ["Hello", "unaffable", "caf\u00e9!", ""], {"is_split_into_words": True}],
        ["call", [["Hello", "unaffable"], ["caf\u00e9!"]], {"is_split_into_words": True, "padding": True}],
        ["call", ["who", "unaffable"], {"is_split_into_words": True, "text_pair": ["caf\u00e9!", "wo rld"]}],
        ["call", [["who"], ["unaffable", "x"]], {"is_split_into_words": True, "text_pair": [["a", "b"], ["caf\u00e9!"]]}],
        ["call", texts[1], {"truncation": True, "max_length": 6, "return_overflowing_tokens": True, "stride": 2}],
        ["call", texts, {"truncation": True, "max_length": 6, "return_overflowing_tokens": True, "stride": 1, "padding": True}],
        ["call", texts[1], {"text_pair": texts[3], "truncation": "only_second", "max_length": 17, "return_overflowing_tokens": True, "stride": 2}],
        ["call", texts[1], {"text_pair": texts[3], "truncation": "only_first", "max_length": 17, "return_overflowing_tokens": True, "stride": 2}],
        ["call", texts[1], {"text_pair": texts[3], "truncation": "longest_first", "max_length": 11, "return_overflowing_tokens": True, "stride": 1}],
        ["call", texts[1], {"truncation": "only_second", "max_length": 5}],
        ["call", texts[1], {"truncation": True, "max_length": 6, "stride": 5}],
        ["call", texts[1], {"truncation": True, "max_length": 6, "stride": 4}],
        ["call", texts, {"padding": True, "truncation": True, "max_length": 12, "pad_to_multiple_of": 8}],
        ["call", texts, {"padding": "max_length"}],
        ["call", texts, {"truncation": True}],
        ["build_inputs_with_special_tokens", [5, 6], [7]],
        ["build_inputs_with_special_tokens", [5, 6], None],
        ["create_token_type_ids_from_sequences", [5, 6], [7]],
        ["create_token_type_ids_from_sequences", [5, 6], None],
        ["get_special_tokens_mask", [101, 5, 102, 0], None, True],
        ["convert_tokens_to_ids", ["hello", "##ing", "nope nope", "[MASK]"]],
        ["convert_tokens_to_ids", "hello"],
        ["convert_ids_to_tokens", [101, 7592, 100, 103], True],
        ["convert_ids_to_tokens", [101, 7592, 100, 103], False],
        ["convert_tokens_to_string", ["hello", "##s", ",", "do", "not"]],
        ["decode", [101, 7592, 1010, 2088, 1005, 1055, 2079, 2025, 999, 102], {}],
        ["decode", [101, 7592, 1010, 2088, 1005, 1055, 2079, 2025, 999, 102], {"clean_up_tokenization_spaces": False}],
        ["decode", 7592, {}] if False else ["decode", [7592, 400000], {}],
        ["batch_decode", [[7592], [2088, 1010]], {}],
        ["num_special_tokens_to_add", False], ["num_special_tokens_to_add", True],
        ["max_len_single_sentence"], ["max_len_sentences_pair"],
        *STATE,
    ]
    slow_only = [["get_special_tokens_mask", [5, 6], [7], False], ["get_special_tokens_mask", [5, 6], None, False],
                 ["call", texts, {"split_special_tokens": True}], ["tokenize", "[MASK] A\u03a3 \u0391\u03a3 [CLS]x", {"split_special_tokens": True}]]
    questions = [["questions", text, options] for text, options in [
        (texts[1], {}), (texts[3], {}), (texts[0], {"text_pair": texts[1]}), (texts, {"text_pair": pairs, "padding": True}),
        (["Hello", "unaffable", "caf\u00e9!"], {"is_split_into_words": True}),
        (texts[1], {"truncation": True, "max_length": 6, "return_overflowing_tokens": True}),
        (texts[1], {"add_special_tokens": False}), (texts[2], {}),
    ]]
    for options in ({}, {"model_max_length": 8, "padding_side": "left"}, {"truncation_side": "left", "do_lower_case": False}):
        yield "slow", options, calls + slow_only
        yield "fast", options, calls + questions
    added = [
        ["add_tokens", ["newtok", "Caf\u00e9", "hello"], False], *STATE[:1],
        ["add_tokens", [{"content": "<ent>", "lstrip": True}, {"content": "<Ent2>", "rstrip": True, "normalized": False}], False],
        ["add_tokens", [{"content": "single", "single_word": True}], False],
        ["add_tokens", ["<sp>"], True],
        ["add_special_tokens", {"additional_special_tokens": ["<a1>"], "mask_token": "<mask>"}],
        ["add_special_tokens", {"additional_special_tokens": ["<A2>"]}],
        ["add_special_tokens", {"additional_special_tokens": ["<a3>"]}],
        ["add_special_tokens", {"bos_token": {"content": "<bos>", "lstrip": False}}],
        ["add_special_tokens", {"wrong_token": "<w>"}],
        ["add_tokens", [""], False],
        ["add_tokens", ["newtok"], False],
        *STATE,
        ["tokenize", "a newtok Newtok caf\u00e9 Caf\u00e9 CAF\u00c9 hello HELLO <ent>  <Ent2>  x single singles <sp> <mask> [MASK] <a1> <A2><a3> <bos>", {}],
        ["encode", "a newtok Newtok caf\u00e9 Caf\u00e9 hello <ent>  <Ent2>  x single singles <sp> <mask> [MASK] <a1> <A2><a3> <bos>", {}],
        ["decode", [101, 7592, 30522, 30523, 7592, 30524, 30525, 30526, 30527, 30528, 30529, 30530, 102], {}],
        ["decode", [101, 7592, 30522, 30523, 7592, 30524, 30525, 30526, 30527, 30528, 30529, 30530, 102], {"skip_special_tokens": True}],
        ["decode", [7592, 30522, 7592, 30523], {"spaces_between_special_tokens": False}],
        ["call", "x <ent> newtok  <Ent2> y", {}],
    ]
    for kind in KINDS:
        yield kind, {}, added
        yield kind, {"do_lower_case": False}, added
    # What `normalized` is where a token does not say: text in other cases shows it.
    names = [kind + str(i) for kind in ("Plain", "Marked", "Given", "Extra") for i in (1, 2, 3)] + ["Mask1", "Bos1"]
    unset = [
        ["add_tokens", [{"content": "Plain1"}, {"content": "Plain2", "lstrip": True}, "Plain3"], False],
        ["add_tokens", [{"content": "Marked1", "special": True}, {"content": "Marked2", "special": True, "rstrip": True},
                        {"content": "Marked3", "special": True, "normalized": True}], False],
        ["add_tokens", [{"content": "Given1"}, {"content": "Given2", "special": False}, "Given3"], True],
        # One at a time: the reference gives several their ids in the order of a set.
        *[["add_special_tokens", {"additional_special_tokens": [t]}] for t in ({"content": "Extra1"}, {"content": "Extra2", "lstrip": True}, "Extra3")],
        ["add_special_tokens", {"mask_token": {"content": "Mask1", "lstrip": True}}],
        ["add_special_tokens", {"bos_token": "Bos1"}],
        ["added_tokens_decoder"],
        *[["tokenize", " ".join(form(name) for name in names), {}] for form in (str, str.lower, str.upper)],
    ]
    for kind in KINDS:
        yield kind, {}, unset
        yield kind, {"do_lower_case": False}, unset
    yield "slow", {"never_split": ["HELLO", "a-b"], "strip_accents": False}, [["tokenize", "HELLO hello a-b c-d \u00c9", {}]]
    yield "slow", {"do_basic_tokenize": False}, [["tokenize", "HELLO hello a-b ##ing \u00c9", {}], ["add_tokens", ["ABC"], False], ["tokenize", "abc ABC", {}]]


def file_cases():
    """Folders as they are found in the wild."""
    vocab = "\n".join(WORDS) + "\n"
    added = {"<x>": 33, "<new>": 35, "<New2>": 36}
    configs = {
        "nothing": {},
        "legacy max_len": {"tokenizer_config.json": {"max_len": 128, "do_lower_case": False}},
        "cased, accents kept": {"tokenizer_config.json": {"do_lower_case": False, "strip_accents": False, "tokenizer_class": "BertTokenizer", "model_max_length": 64}},
        "electra": {"tokenizer_config.json": {"do_lower_case": True, "tokenizer_class": "ElectraTokenizer", "name_or_path": "x", "special_tokens_map_file": None}},
        "special tokens map": {"special_tokens_map.json": {"unk_token": "[UNK]", "mask_token": {"content": "<x>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False}}},
        "added tokens": {"added_tokens.json": added, "special_tokens_map.json": {"additional_special_tokens": ["<new>"]}},
        "typed tokens": {"tokenizer_config.json": {"mask_token": {"__type": "AddedToken", "content": "<x>", "lstrip": True, "normalized": True, "rstrip": False, "single_word": False}}},
        "decoder": {"tokenizer_config.json": {"added_tokens_decoder": {
            "1": {"content": "[UNK]", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True},
            "33": {"content": "<x>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": True},
            "35": {"content": "AB", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": False}}}},
        "sides and names": {"tokenizer_config.json": {"padding_side": "left", "truncation_side": "left", "model_input_names": ["input_ids", "attention_mask"], "clean_up_tokenization_spaces": False}},
    }
    unset = {
        "normalized unset, in roles": {"tokenizer_config.json": {"mask_token": {"__type": "AddedToken", "content": "Hello", "lstrip": True},
                                                                "additional_special_tokens": [{"__type": "AddedToken", "content": "AB"}, "CaF"]}},
        "normalized unset, in the decoder": {"tokenizer_config.json": {"added_tokens_decoder": {
            "27": {"content": "Hello"}, "35": {"content": "<X>", "special": True}, "36": {"content": "AB", "lstrip": True}, "37": {"content": "CaF", "special": True}}}},
        "normalized unset, special false": {"tokenizer_config.json": {"mask_token": {"content": "Hello", "special": False, "__type": "AddedToken"}, "sep_token": {"content": "AB", "special": True, "__type": "AddedToken"}}},
        "normalized unset, in the map": {"special_tokens_map.json": {"mask_token": {"content": "Hello", "lstrip": True}, "additional_special_tokens": ["AB", "CaF"]}},
        "normalized unset, in added_tokens.json": {"added_tokens.json": {"AB": 35, "CaF": 36}, "special_tokens_map.json": {"additional_special_tokens": ["CaF"]}},
    }
    cases = "Hello hello HELLO AB Ab ab CaF caf CAF <X> <x> x"
    for name, files in unset.items():
        for kind in KINDS:
            given = {"vocab.txt": vocab, **{k: json.dumps(v) for k, v in files.items()}}
            yield name, kind, given, {}, [["added_tokens_decoder"], ["tokenize", cases, {}], ["encode", cases, {}]]
    for name, files in configs.items():
        for kind in KINDS:
            for options in ({}, {"do_lower_case": True, "model_max_length": 10}):
                yield name, kind, {"vocab.txt": vocab, **{k: json.dumps(v) for k, v in files.items()}}, options, [*STATE[:-3], *LOOK, ["call", [BOOK, "a"], {"padding": True, "truncation": True}]]


NORMALIZERS = [
    {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": True, "lowercase": False},
    {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
    {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Strip", "strip_left": True, "strip_right": True}]},
    {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"},
    {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": "''"}, "content": "\""}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]},
    None,
]
PRE_TOKENIZERS = [
    {"type": "BertPreTokenizer"}, {"type": "Whitespace"}, {"type": "WhitespaceSplit"},
    {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "Digits", "individual_digits": True}]},
    {"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}, {"type": "Digits", "individual_digits": False}]},
    {"type": "Split", "pattern": {"String": "a"}, "behavior": "MergedWithNext", "invert": False},
    {"type": "Split", "pattern": {"Regex": "[b,]+"}, "behavior": "MergedWithPrevious", "invert": False},
    {"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated", "invert": True},
    None,
]
POST_PROCESSORS = [
    {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 1}}, {"SpecialToken": {"id": "end", "type_id": 2}}],
     "pair": [{"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "end", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 1}}],
     "special_tokens": {"end": {"id": "end", "ids": [3, 4], "tokens": ["[SEP]", "[MASK]"]}}},
    None,
]
DECODERS = [{"type": "WordPiece", "prefix": "##", "cleanup": True}, {"type": "WordPiece", "prefix": "##", "cleanup": False}, None]
ADDED = [
    {"id": 4, "content": "[MASK]", "single_word": False, "lstrip": True, "rstrip": False, "normalized": False, "special": True},
    {"id": 33, "content": "<x>", "single_word": False, "lstrip": False, "rstrip": True, "normalized": True, "special": False},
    {"id": 35, "content": "Caf\u00e9", "single_word": True, "lstrip": False, "rstrip": False, "normalized": True, "special": False},
]
JSON_TEXTS = [BOOK, "the ''HELLO''  \t caf\u00e9s Caf\u00e9 2\u00b2 \ufb01 \u1100\u1161\u11a8 e\u0301\u0327x", "  ab,b unaffable [MASK]  <x>  ab ", "\u00c5\u212b \u03a3\u03c2 a\u0301\u0300 \U0001d504\u00bd", ""]


def json_cases():
    """Every kind of stage in a tokenizer.json, straight through the Rust library."""
    vocab = {word: i for i, word in enumerate(WORDS)}
    stages = [(n, PRE_TOKENIZERS[0], POST_PROCESSORS[0], DECODERS[0]) for n in NORMALIZERS]
    stages += [(NORMALIZERS[0], p, POST_PROCESSORS[0], DECODERS[0]) for p in PRE_TOKENIZERS[1:]]
    stages += [(NORMALIZERS[0], PRE_TOKENIZERS[0], p, d) for p in POST_PROCESSORS[1:] for d in DECODERS]
    stages += [(NORMALIZERS[2], PRE_TOKENIZERS[1], POST_PROCESSORS[1], DECODERS[1]), (None, None, None, None)]
    for normalizer, pre_tokenizer, post_processor, decoder in stages:
        spec = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": ADDED, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
                "post_processor": post_processor, "decoder": decoder,
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20, "vocab": vocab}}
        t = Tokenizer.from_str(json.dumps(spec))
        found = []
        for a, b in [(x, None) for x in JSON_TEXTS] + [(JSON_TEXTS[0], JSON_TEXTS[2])]:
            e = t.encode(a, b) if b is not None else t.encode(a)
            found.append({"ids": e.ids, "type_ids": e.type_ids, "tokens": e.tokens, "offsets": e.offsets, "word_ids": e.word_ids, "sequence_ids": e.sequence_ids,
                          "special_tokens_mask": e.special_tokens_mask, "decoded": t.decode(e.ids, skip_special_tokens=False)})
        yield {"json": {k: v for k, v in spec.items() if k != "model"}, "model": {k: v for k, v in spec["model"].items() if k != "vocab"}, "encodings": found}


def save_cases():
    """What is saved, file by file."""
    for kind, cls in KINDS.items():
        for options, steps in (({}, []), ({"do_lower_case": False, "model_max_length": 512}, [["add_tokens", ["newtok", {"content": "<e>", "lstrip": True}], False], ["add_special_tokens", {"additional_special_tokens": ["<s1>"]}]])):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder)
                (path / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
                t = cls(str(path / "vocab.txt"), **options)
                for method, *arguments in steps:
                    answer(t, method, arguments)
                out = path / "saved"
                t.save_pretrained(out)
                yield {"kind": kind, "options": options, "steps": steps, "files": {p.name: p.read_text(encoding="utf-8") for p in sorted(out.iterdir())}}


def main():
    vocabulary = sys.argv[1]
    cases = []
    for kind, options, steps in direct_cases(vocabulary):
        cases.append({"kind": kind, "options": options, "steps": run(kind, lambda: KINDS[kind](vocabulary, **options), steps)})
    folders = []
    for name, kind, files, options, steps in file_cases():
        with tempfile.TemporaryDirectory() as folder:
            for file, text in files.items():
                pathlib.Path(folder, file).write_text(text, encoding="utf-8", newline="")
            try:
                done = run(kind, lambda: KINDS[kind].from_pretrained(folder, **options), steps)
            except BaseException as error:
                done = f"{type(error).__name__}: {error}"
                print(name, kind, done)
        folders.append({"name": name, "kind": kind, "files": files, "options": options, "steps": done})
    result = {
        "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
        "words": WORDS, "texts": JSON_TEXTS, "cases": cases, "folders": folders, "json": list(json_cases()), "saved": list(save_cases()),
    }
    target = pathlib.Path(__file__).resolve().parents[2] / "packages/tokenizer/test/fixtures/features.json.gz"
    target.write_bytes(gzip.compress(json.dumps(result, ensure_ascii=True, separators=(",", ":")).encode(), 9, mtime=0))
    print(len(cases), "cases,", len(folders), "folders,", len(result["json"]), "tokenizer.json,", target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
