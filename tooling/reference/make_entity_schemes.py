"""Writes packages/trainer/test/fixtures/entity-schemes.json: entities by seqeval's strict schemes, and their scores,
and sklearn's scores of tags that are of no scheme, word by word.

    .venv/bin/pip install seqeval
    .venv/bin/python make_entity_schemes.py ../../packages/trainer/test/fixtures/entity-schemes.json
"""
import itertools, json, random, sys, warnings
warnings.filterwarnings("ignore")
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from seqeval.metrics import classification_report
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2, Tokens, auto_detect

rng = random.Random(11)
LETTERS = dict(IOB1="IOB", IOB2="IOB", IOE1="IOE", IOE2="IOE", IOBES="IOBES", BILOU="BILOU")
schemes = dict(IOB1=IOB1, IOB2=IOB2, IOE1=IOE1, IOE2=IOE2, IOBES=IOBES, BILOU=BILOU)
made = {}
for name, scheme in schemes.items():
    tags = [letter if letter == "O" else f"{letter}-{kind}" for letter in LETTERS[name] for kind in (("",) if letter == "O" else ("A", "B"))]
    sequences = [list(s) for n in (1, 2, 3) for s in itertools.product(tags, repeat=n)]
    sequences = [s for s in sequences if len(s) < 3 or rng.random() < 300 / len(tags) ** 3]
    sequences += [[], ["B" if name not in ("IOE1", "IOE2") else "E", "I", "O"], [f"{LETTERS[name][0]}-x-y-", "O"]]
    sequences += [[rng.choice(tags) for _ in range(rng.randrange(4, 14))] for _ in range(120)]
    spans = [[s, [[e.tag, e.start, e.end] for e in Tokens(s, scheme).entities]] for s in sequences]
    corpora = []
    for skill in (.9, .5):
        truth = [[rng.choice(tags) for _ in range(rng.randrange(2, 12))] for _ in range(40)]
        guess = [[t if rng.random() < skill else rng.choice(tags) for t in s] for s in truth]
        report = classification_report(truth, guess, output_dict=True, zero_division=0, mode="strict", scheme=scheme)
        corpora.append(dict(expected=truth, predicted=guess, report={k: {a: float(b) for a, b in v.items()} for k, v in report.items()}))
    made[name] = dict(spans=spans, corpora=corpora)
detected = []
for count in range(1, 5):
    for letters in itertools.combinations("BEILOSU", count):
        try:
            found = auto_detect([[l if l == "O" else f"{l}-X" for l in letters]]).__name__
        except ValueError:
            found = None
        detected.append(["".join(letters), found])
detected.append(["BEIOS", "IOBES"])
detected.append(["BILOU", "BILOU"])
words = []
for tags in (["O", "OBJ"], ["O", "PER", "LOC", "ORG"], ["NN", "VB", "DT", "B-x"]):
    for skill in (.9, .5):
        truth = [[rng.choice(tags) for _ in range(rng.randrange(2, 12))] for _ in range(40)]
        guess = [[t if rng.random() < skill else rng.choice(tags) for t in s] for s in truth]
        flat, other = [[t for s in sentences for t in s] for sentences in (truth, guess)]
        p, r, f, _ = precision_recall_fscore_support(flat, other, labels=[t for t in tags if t != "O"], average="micro", zero_division=0)
        words.append(dict(expected=truth, predicted=guess, scores=dict(precision=p, recall=r, f1=f), accuracy=accuracy_score(flat, other)))
with open(sys.argv[1], "w") as file:
    json.dump(dict(schemes=made, detected=detected, words=words), file, separators=(",", ":"))
    file.write("\n")
