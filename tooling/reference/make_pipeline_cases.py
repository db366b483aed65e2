"""Answers of the reference's later pipelines (transformers 4.57), on the tiny models of packages/pipelines/test/fixtures.

    python make_pipeline_cases.py [OUT]        OUT is cases-4.57.json beside the models by default

What later versions do better than 4.34 and people expect: question answering counts answers of the same words together,
`B-tax-percent` is a `tax-percent`, regression gives numbers, and token classification takes words that are given as lists. The form is that of
`cases.json`; "labels" and "config" replace what the model has, "slow" asks for the slow tokenizer. Character offsets are in UTF-16 units.
"""
import json, pathlib, sys, warnings

import torch
import transformers
from transformers import (ConvBertForQuestionAnswering, ConvBertForSequenceClassification, ConvBertForTokenClassification,
                          ConvBertTokenizer, ConvBertTokenizerFast, pipeline)

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "packages/pipelines/test/fixtures"
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "cases-4.57.json"


def utf16(text, index):
    return len(text[:index].encode("utf-16-le")) // 2


def in_utf16(text, entity):
    return {**entity, "start": utf16(text, entity["start"]), "end": utf16(text, entity["end"])}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return float(f"{value:.8g}") if isinstance(value, float) else value


cases = []


def add(task, model, input, options, expected, **more):
    cases.append(plain(dict(task=task, model=model, input=input, options=options, **more, expected=expected)))


CONTEXT = "Anna lives in Paris and works in the old museum on the river. John wrote a book about 😀 the tower, which opened in 1889. Maria painted the blue bridge."
LONG = " ".join([CONTEXT, "The station in the north is new.", "The queen likes music, and the king likes Londonville!"] * 2)
REPEATED = "Paris, paris and PARIS: the painter lives in Paris. Londonville is in the north, Londonville in the south."
tokenizer = ConvBertTokenizerFast.from_pretrained(FIXTURES / "question-answering")
answer = pipeline("question-answering", model=ConvBertForQuestionAnswering.from_pretrained(FIXTURES / "question-answering"), tokenizer=tokenizer)
for question in ("Who wrote the book?", "where does Anna work?"):
    for context in (CONTEXT[:61], LONG, REPEATED):
        sizes = {} if context != LONG else dict(max_seq_len=64)
        for options in ({}, dict(top_k=5), dict(top_k=3, max_answer_len=2), dict(handle_impossible_answer=True, top_k=4),
                        dict(align_to_words=False, top_k=5), dict(doc_stride=20, max_seq_len=40, top_k=3),
                        dict(doc_stride=8, max_answer_len=30, top_k=2, max_seq_len=32)):
            if context == REPEATED and "doc_stride" in options:
                continue
            options = {**sizes, **options}
            found = answer(question=question, context=context, **options)
            found = found if isinstance(found, list) else [found]
            add("question-answering", "question-answering", dict(question=question, context=context), options, [in_utf16(context, a) for a in found])

# What a regression model says is no probability.
tokenizer = ConvBertTokenizerFast.from_pretrained(FIXTURES / "regression")
model = ConvBertForSequenceClassification.from_pretrained(FIXTURES / "regression", problem_type="regression")
for text in ("The film is good.", ["a dull book", "x"]):
    for options in ({}, dict(top_k=1), dict(function_to_apply="sigmoid")):
        add("text-classification", "regression", text, options, pipeline("text-classification", model=model, tokenizer=tokenizer)(text, **options), config=dict(problem_type="regression"))

# Slow tokenizers know no places: the reference gives None for them.
slow = ConvBertTokenizer.from_pretrained(FIXTURES / "entities")
model = ConvBertForTokenClassification.from_pretrained(FIXTURES / "entities")
SLOW_TEXTS = ["Anna lives in New York, and works on the old bridge!", "a dull  book about Zürich", "Johnson visited Newton, Maria's house-boat in Londonville (1999).", "x"]
for strategy in ("none", "simple"):
    for text in SLOW_TEXTS:
        found = pipeline("token-classification", model=model, tokenizer=slow, aggregation_strategy=strategy)(text)
        found = [{k: v for k, v in entity.items() if k not in ("start", "end")} for entity in found]
        add("token-classification", "entities", text, dict(aggregation_strategy=strategy), found, slow=True)

NAMES = ["O", "B-tax-percent", "I-tax-percent", "B-gross-tax", "I-gross-tax", "misc"]
TEXTS = ["Anna lives in New York, and works on the old bridge!", "Johnson visited Newton, Maria's house-boat in Londonville (1999)."]
WORDS = [["Anna", "lives", "in", "New", "York", "and", "works"], ["Johnson", "visited", "Zürich", "😀", "Londonville", "1999"], ["x"]]
tokenizer = ConvBertTokenizerFast.from_pretrained(FIXTURES / "entities")
model = ConvBertForTokenClassification.from_pretrained(FIXTURES / "entities")
for names in (None, NAMES):
    if names is not None:
        model.config.id2label = dict(enumerate(names))
    more = {} if names is None else dict(labels=names)
    for strategy in ("none", "simple", "first", "average", "max"):
        label = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy=strategy)
        options = dict(aggregation_strategy=strategy)
        if names is not None:
            add("token-classification", "entities", TEXTS, options, [[in_utf16(t, e) for e in found] for t, found in zip(TEXTS, label(TEXTS))], **more)
            continue
        for extra in ({}, dict(delimiter="_")):
            given = {**options, "is_split_into_words": True, **extra}
            for words in WORDS:
                joined = extra.get("delimiter", " ").join(words)
                add("token-classification", "entities", words, given, [in_utf16(joined, e) for e in label(words, is_split_into_words=True, **extra)[0]])

made = dict(versions=dict(transformers=transformers.__version__, torch=torch.__version__), cases=cases)
OUT.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")).replace('{"task"', '\n{"task"') + "\n", encoding="utf-8")
print(len(cases), "cases", OUT.stat().st_size, "bytes")
