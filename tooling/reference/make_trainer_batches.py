"""Writes packages/trainer/test/fixtures/batches.json: batches as the reference's collators and training examples make them.

    .venv/bin/python make_trainer_batches.py VOCAB_TXT OUT.json

Padding and masking are transformers' own (`transformers.data.data_collator`). What stands in its example scripts (run_ner.py,
run_qa.py, run_swag.py) and not in the package is written out here: labels by word, windows, pairs of prompt and choice.
"""
import json, random, sys, warnings
warnings.filterwarnings("ignore")
from transformers import ConvBertTokenizerFast, DataCollatorForTokenClassification, DataCollatorForWholeWordMask, DataCollatorWithPadding
from transformers.data import data_collator

vocabulary, target = sys.argv[1:]
rng = random.Random(3)
right = ConvBertTokenizerFast(vocabulary)
left = ConvBertTokenizerFast(vocabulary, padding_side="left")
TEXTS = ["A fine film.", "", "Unbelievably melodramatic storytelling, überraschend gut! " * 3, "naïve café 東京 😀 \u0301", "x"]
PAIRS = [("A man is sleeping.", "Someone is awake."), ("Short", "a much longer hypothesis that goes on and on and on and on for quite some time"),
         ("a much longer premise that goes on and on and on and on for quite some time", "Short"), ("", "b")]


def lists(batch):
    return {k: v.tolist() for k, v in batch.items() if k in ("input_ids", "attention_mask", "token_type_ids", "labels", "start_positions", "end_positions")}


def texts():
    out = []
    for tok, side in ((right, "right"), (left, "left")):
        for pairs in (False, True):
            for max_length, padding, multiple in ((16, "longest", 1), (40, "longest", 8), (24, "max_length", 1)):
                rows = [tok(*x, truncation=True, max_length=max_length) if pairs else tok(x, truncation=True, max_length=max_length) for x in (PAIRS if pairs else TEXTS)]
                batch = DataCollatorWithPadding(tok, padding, max_length, multiple)([dict(r) for r in rows])
                out.append(dict(side=side, texts=PAIRS if pairs else TEXTS, maxLength=max_length, padding=padding, multiple=multiple, batch=lists(batch)))
    return out


def tokens():
    words = "Unbelievably Schwarzenegger visited the U.N. headquarters in Kuala-Lumpur , yesterday 😀 \u0301 café antidisestablishmentarianism".split()
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ODD"]
    sentences = [[rng.choice(words) for _ in range(n)] for n in (1, 4, 9, 30)] + [["\u0301", "a"]]
    tags = [[rng.choice(names) for _ in s] for s in sentences]
    b_to_i = [names.index(n.replace("B-", "I-")) if n.startswith("B-") and n.replace("B-", "I-") in names else i for i, n in enumerate(names)]
    out = []
    for tok, side in ((right, "right"), (left, "left")):
        for every in (False, True):
            enc = tok(sentences, truncation=True, max_length=24, is_split_into_words=True)
            labels = []
            for i, row in enumerate(tags):
                ids, previous = [], None
                for w in enc.word_ids(i):
                    if w is None: ids.append(-100)
                    elif w != previous: ids.append(names.index(row[w]))
                    else: ids.append(b_to_i[names.index(row[w])] if every else -100)
                    previous = w
                labels.append(ids)
            features = [dict(input_ids=enc["input_ids"][i], attention_mask=enc["attention_mask"][i], token_type_ids=enc["token_type_ids"][i], labels=labels[i]) for i in range(len(tags))]
            out.append(dict(side=side, labelAllTokens=every, names=names, sentences=sentences, tags=tags, maxLength=24, batch=lists(DataCollatorForTokenClassification(tok)(features))))
    return out


def questions():
    context = "In 1872 the composer 😀 Georges Bizet wrote L'Arlésienne ; three years later , in Paris , he finished Carmen , his best-known opera . " * 3
    wanted = [("Who wrote Carmen?", "Georges Bizet", 0), ("When?", "1872", 1), ("Which opera?", "Carmen", 2), ("What smiles?", "😀", 0), ("Where?", "Pari", 1),
              ("What has no answer?", None, 0), ("  Leading spaces?", "In", 0), ("Long one?", context[:120].strip(), 0)]
    examples = []
    for i, (q, a, n) in enumerate(wanted):
        at = -1
        for _ in range(n + 1): at = context.find(a, at + 1) if a else -1
        examples.append(dict(id=str(i), question=q, context=context, answers=[] if a is None else [dict(text=a, answerStart=at)]))
    out = []
    for tok, side in ((right, "right"), (left, "left")):
        for max_length, stride in ((48, 16), (384, 128)):
            pad_right = side == "right"
            qs = [e["question"].lstrip() for e in examples]; cs = [e["context"] for e in examples]
            enc = tok(qs if pad_right else cs, cs if pad_right else qs, truncation="only_second" if pad_right else "only_first", max_length=max_length,
                      stride=stride, return_overflowing_tokens=True, return_offsets_mapping=True, padding="longest", return_tensors=None)
            starts, ends = [], []
            for i, offsets in enumerate(enc["offset_mapping"]):
                ids = enc["input_ids"][i]; cls = ids.index(tok.cls_token_id); sequence = enc.sequence_ids(i)
                answers = examples[enc["overflow_to_sample_mapping"][i]]["answers"]
                if not answers: starts.append(cls); ends.append(cls); continue
                start_char = answers[0]["answerStart"]; end_char = start_char + len(answers[0]["text"]); which = 1 if pad_right else 0
                first = 0
                while sequence[first] != which: first += 1
                last = len(ids) - 1
                while sequence[last] != which: last -= 1
                if not (offsets[first][0] <= start_char and offsets[last][1] >= end_char): starts.append(cls); ends.append(cls); continue
                while first < len(offsets) and offsets[first][0] <= start_char: first += 1
                starts.append(first - 1)
                while offsets[last][1] >= end_char: last -= 1
                ends.append(last + 1)
            out.append(dict(side=side, maxLength=max_length, stride=stride, examples=examples, of=enc["overflow_to_sample_mapping"],
                            batch=dict(input_ids=enc["input_ids"], attention_mask=enc["attention_mask"], token_type_ids=enc["token_type_ids"], start_positions=starts, end_positions=ends)))
    return out


def choices():
    examples = [dict(prompt="The item was packaged in bubble wrap. What was the cause?", choices=["It was fragile.", "It was small."], label=0),
                dict(prompt="I ran.", choices=["Because of a very long list of reasons that does not end", "No."], label=1)]
    flat = [right(e["prompt"], c, truncation=True, max_length=20) for e in examples for c in e["choices"]]
    batch = right.pad(flat, padding=True, return_tensors="pt")
    return dict(examples=examples, maxLength=20, batch={k: v.view(2, 2, -1).tolist() for k, v in batch.items()})


def whole_words():
    data_collator.random.shuffle = lambda x: None   # words in their own order
    out = []
    for probability in (.15, .3, .5, 1.):
        collator = DataCollatorForWholeWordMask(right, mlm_probability=probability)
        for text in ["Unbelievably melodramatic storytelling antidisestablishmentarianism", "it is so", "x", "The Schwarzeneggers visited Kuala Lumpur yesterday, overwhelmingly unimpressed."]:
            ids = right(text)["input_ids"]
            out.append(dict(text=text, probability=probability, ids=ids, chosen=collator._whole_word_mask(right.convert_ids_to_tokens(ids))))
    return out


with open(target, "w") as f:
    json.dump(dict(texts=texts(), tokens=tokens(), questions=questions(), choices=choices(), wholeWords=whole_words()), f, separators=(",", ":"))
    f.write("\n")
