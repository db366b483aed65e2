"""Writes packages/trainer/test/fixtures/cells.json: lists as JSON, Python and numpy (version 2) print them.

    .venv/bin/pip install numpy
    .venv/bin/python make_cells.py ../../packages/trainer/test/fixtures/cells.json
"""
import json, random, sys
import numpy as np

rng = random.Random(5)
WORDS = ["EU", "rejects", "O", "B-PER", "it's", 'say "no"', """both ' and \" """, "back\\slash", "line\nbreak", "tab\t", "naïve",
         "日本", "😀", "\x07", "[", "]", "]'", "a, b", "", " ", "{x}", "(y)", "...", "é\u0301", "#", "None", "1.0", "\u200b", "\\n"]
cells = []
def add(kind, text, value):
    cells.append([kind, text, value])
for _ in range(150):
    words = [rng.choice(WORDS) for _ in range(rng.randrange(0, 9))]
    numbers = [rng.randrange(-100, 400) for _ in range(rng.randrange(0, 9))]
    bits = [float(rng.random() < .5) for _ in range(rng.randrange(1, 9))]
    floats = [rng.choice([0.5, -1.25, 1e-9, 3e20, 12345678.9, 0.0]) for _ in range(rng.randrange(1, 6))]
    add("json", json.dumps(words), words)
    add("json", json.dumps(words, ensure_ascii=False), words)
    add("json", json.dumps(floats), floats)
    add("python", repr(words), words)
    add("python", repr(numbers), numbers)
    add("python", repr(floats), floats)
    add("python", repr([bool(b) for b in bits]), [bool(b) for b in bits])
    add("python", repr(tuple(words)), words) if words else None
    add("python", repr({"text": words, "answer_start": numbers}), {"text": words, "answer_start": numbers})
    add("numpy", str(np.array(numbers, dtype=int)), numbers)
    add("numpy", str(np.array(bits)), bits)
    add("numpy", repr(np.array(bits)), bits)
    add("numpy", repr([np.int64(n) for n in numbers]), numbers)
    if words:
        add("numpy", str(np.array(words, dtype=object)), words)
        add("numpy", repr(np.array(words, dtype=object)), words)
        add("numpy", repr([np.str_(w) for w in words]), words)
        add("numpy", repr({"text": np.array(words, dtype=object), "answer_start": np.array(numbers, dtype=np.int32)}), {"text": words, "answer_start": numbers})
cells.append(["numpy", str(np.array(["word"] * 40)), ["word"] * 40])
cut = str(np.array(["word"] * 1200))
with open(sys.argv[1], "w") as file:
    json.dump(dict(cells=cells, cut=cut), file, separators=(",", ":"))
    file.write("\n")
