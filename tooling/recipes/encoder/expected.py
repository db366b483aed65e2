"""Vectors that sentence-transformers gives, for the tests of the shipped encoder.

    python expected.py FLOAT32_FOLDER OUT.json

FLOAT32_FOLDER is the shipped folder through `convbert convert ... --dtype float32`. Each text runs alone, without padding.
"""
import json, sys, warnings

warnings.filterwarnings("ignore")
import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(1)
TEXTS = [
    "Who looks after the garden?",
    "Our gardener trims the hedges every spring.",
    "The stock market fell sharply on Monday.",
    "I do not like the film at all.",
    "Don't touch it; it's hot (80 °C)!",
    "volcano",
    "In 1769 James Watt patented an engine whose separate condenser wasted far less heat than Newcomen's; within a generation it drove pumps, mills and, in the end, ships and railways. " * 5,
]
model = SentenceTransformer(sys.argv[1], device="cpu")
rows = [{"text": text, "vector": [round(value, 6) for value in model.encode([text])[0].tolist()]} for text in TEXTS]
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
