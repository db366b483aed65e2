"""The reference's answers for a published model, which the tests compare with: expected.json beside its weights.

    convbert convert packages/models/NAME /tmp/NAME --to safetensors --dtype float32
    .venv/bin/python expected.py /tmp/NAME packages/models/NAME/expected.json

Reads the model with transformers, as float32, and records token ids, logits and the labels that they mean.
"""

import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import torch
import transformers

TEXTS = {
    "question-classification": [
        "How many planets are in the solar system?",
        "Who wrote the opera Carmen?",
        "Where is the Eiffel Tower?",
        "What does NASA stand for?",
        "What is a quasar ?",
        "What is the name of the largest dog breed?",
    ],
    "sentiment": [
        "a gorgeous , witty , seductive movie .",
        "the plot is paper-thin and the jokes fall flat .",
        "it is neither funny nor moving .",
        "one of the best films of the year .",
    ],
    "chunking": [
        "He reckons the current account deficit will narrow to only # 1.8 billion in September .",
        "The quick brown fox jumps over the lazy dog .",
        "Chancellor of the Exchequer Nigel Lawson announced higher interest rates yesterday .",
    ],
    "entities": [
        "Barack Obama visited Berlin in July.",
        "Apple will open a new store in London next Friday",
        "@BBCNews reports floods in northern Italy",
        "i cannot sleep again",
    ],
}

folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
name = target.parent.name
config = json.loads((folder / "config.json").read_text())
model = getattr(transformers, config["architectures"][0]).from_pretrained(folder, torch_dtype=torch.float32).eval()
tokenizer = transformers.ConvBertTokenizerFast.from_pretrained(folder)
results = []
for text in TEXTS[name]:
    batch = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        outputs = model(**batch)
    logits = outputs.logits[0]
    rows = logits if logits.dim() == 2 else logits[None]
    labels = [model.config.id2label[int(index)] for index in rows.argmax(-1)]
    row = {"text": text, **{key: value[0].tolist() for key, value in batch.items()}}
    results.append({**row, "logits": logits.tolist(), "labels": labels})
target.write_text(json.dumps(results) + "\n")
