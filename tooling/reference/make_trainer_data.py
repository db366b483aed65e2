"""Writes packages/trainer/test/fixtures/data.json: what Python reads from the training data, as counts and digests.

    .venv/bin/python make_trainer_data.py DATA_DIR OUT.json

The readers of trec, sst2 and conll2000 are those of the reference training run; the others use Python's own json, csv and
xml modules. A digest is the SHA-256 of all examples, a line each, fields parted by U+001F.
"""
import csv, hashlib, io, json, pathlib, sys
import xml.etree.ElementTree as xml

data = pathlib.Path(sys.argv[1])


def trec(p):
    rows = [l.decode("latin-1").strip().split(" ", 1) for l in p.open("rb")]
    return [[r[1], r[0].split(":")[0]] for r in rows]


def sst2(p):
    return [l.rstrip("\n").split("\t") for l in p.open(encoding="utf-8")]


def conll(p, split):
    rows, words, tags = [], [], []
    for line in [*p.open(encoding="utf-8", newline="\n"), "\n"]:
        f = line.strip("\n").split("\t") if split == "tab" else line.split()
        if not line.strip():
            if words: rows.append(words + tags)
            words, tags = [], []
        else:
            words.append(f[0].strip()); tags.append(f[-1].strip())
    return rows


def squad(p):
    return [[q["id"], q["question"], c["context"], *[f"{a['answer_start']}:{a['text']}" for a in q["answers"]]]
            for d in json.loads(p.read_text("utf-8"))["data"] for c in d["paragraphs"] for q in c["qas"]]


def copa(p):
    fold = lambda e: " ".join(e.text.split())
    return [[*(fold(i.find(n)) for n in ("p", "a1", "a2")), str(int(i.get("most-plausible-alternative")) - 1)]
            for i in xml.parse(p).getroot()]


def rte(p):
    fold = lambda e: " ".join(e.text.split())
    names = {"TRUE": "entailment", "YES": "entailment", "FALSE": "not_entailment", "NO": "not_entailment"}
    return [[fold(i.find("t")), fold(i.find("h")), names[i.get("value") or i.get("entailment")]] for i in xml.parse(p).getroot()]


def book(p):   # paragraphs between the marks of Project Gutenberg
    lines = p.read_text("utf-8-sig").splitlines()
    first = next(i for i, l in enumerate(lines) if l.startswith("*** START OF"))
    last = next(i for i, l in enumerate(lines) if l.startswith(("*** END OF", "End of Project Gutenberg", "End of the Project Gutenberg")))
    rows, part = [], []
    for line in [*lines[first + 1:last], ""]:
        if line.strip(): part.append(line.strip())
        elif part: rows.append([" ".join(part)]); part = []
    return rows


def digest(rows):
    text = "".join("\x1f".join(r) + "\n" for r in rows)
    return {"count": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest()}


out = {}
for path in sorted(data.glob("*/*")):
    name = f"{path.parent.name}/{path.name}"
    kind = {"trec": trec, "sst2": sst2, "conll2000": lambda p: conll(p, None), "wnut17": lambda p: conll(p, "tab"),
            "xquad": squad, "copa": copa, "rte": rte, "books": book}[path.parent.name]
    out[name] = digest(kind(path))
pathlib.Path(sys.argv[2]).write_text(json.dumps(out, indent=1) + "\n")
