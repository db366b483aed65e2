"""The reference's answers for a shipped model, which the tests compare with: expected.json beside its weights.

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
        "Watching Empire State of Mind by Jay Z in New York with Sarah",
        "Apple will open a new store in London next Friday",
        "i cannot sleep again",
    ],
    "plausible-alternatives": [
        ["The man broke his toe. What was the cause of this?", "He got a hole in his sock.", "He dropped a hammer on his foot."],
        ["I poured water on my sleeping friend. What happened as a result?", "My friend awoke.", "My friend snored."],
    ],
    "extractive-answers": [
        ["Who wrote Emma?", "Emma is a novel by Jane Austen, published in December 1815."],
        ["When was it published?", "Emma is a novel by Jane Austen, published in December 1815."],
    ],
    "masked-words": [
        "He shook his [MASK] and went out of the room .",
        "She looked at [MASK] with a smile .",
        "It was a dark night , and the wind blew from the [MASK] .",
        "\" My dear [MASK] , \" said Holmes , \" you must come at once . \"",
    ],
}

folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
name = target.parent.name
config = json.loads((folder / "config.json").read_text())
model = getattr(transformers, config["architectures"][0]).from_pretrained(folder, torch_dtype=torch.float32).eval()
tokenizer = transformers.ConvBertTokenizerFast.from_pretrained(folder)
results = []
for text in TEXTS[name]:
    if isinstance(text, str):
        batch = tokenizer(text, return_tensors="pt")
    elif len(text) == 2:
        batch = tokenizer(*text, return_tensors="pt")
    else:
        batch = tokenizer([text[0]] * 2, text[1:], padding=True, return_tensors="pt")
        batch = {key: value[None] for key, value in batch.items()}
    with torch.no_grad():
        outputs = model(**batch)
    if name == "masked-words":
        # Of 30,522 logits at the mask the ten largest, best first; the label is the best one's place among them.
        place = batch["input_ids"][0].tolist().index(tokenizer.mask_token_id)
        best = outputs.logits[0, place].topk(10)
        results.append({"text": text, **{key: value[0].tolist() for key, value in batch.items()},
                        "mask": place, "ids": best.indices.tolist(), "logits": best.values.tolist(), "labels": ["0"]})
        continue
    if "start_logits" in outputs:
        logits = torch.stack([outputs.start_logits[0], outputs.end_logits[0]])
        labels = [str(int(index)) for index in logits.argmax(-1)]
    else:
        logits = outputs.logits[0]
        rows = logits if logits.dim() == 2 else logits[None]
        labels = [model.config.id2label.get(int(index), str(int(index))) for index in rows.argmax(-1)]
    row = {"text": text, **{key: value[0].tolist() for key, value in batch.items()}}
    results.append({**row, "logits": logits.tolist(), "labels": labels})
target.write_text(json.dumps(results) + "\n")
