"""Loads a folder of ours with sentence-transformers and compares vectors; exit code 1 when one differs by more than 1e-5.

    python check_sentence_encoder.py FOLDER VECTORS.jsonl

VECTORS.jsonl has a line {"text": ..., "vector": [...]} for each text, as `convbert embed --jsonl` writes it. Needs
`pip install sentence-transformers`.
"""
import json, pathlib, sys, warnings

warnings.filterwarnings("ignore")
import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(1)
model = SentenceTransformer(sys.argv[1], device="cpu")
largest = 0.0
lines = [json.loads(line) for line in pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
for line in lines:
    expected = torch.tensor(model.encode([line["text"]])[0])
    largest = max(largest, (torch.tensor(line["vector"]) - expected).abs().max().item() / expected.abs().max().item())
print(f"{len(lines)} vectors, largest difference {largest:.2e}")
sys.exit(0 if largest < 1e-5 else 1)
