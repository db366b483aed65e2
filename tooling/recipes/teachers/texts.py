"""A large encoder fine-tuned to classify texts, and how likely each class is to it for others: what a small model learns from.

    python texts.py train ENCODER OUTPUT --data train.jsonl --eval dev.jsonl
    python texts.py label MODEL soft.jsonl texts.jsonl...

Rows are {"text": ..., "label": ...}; `label` writes {"text": ..., "label": {"POSITIVE": 0.9, "NEGATIVE": 0.1}}, as
`convbert train text-classification` takes it. Computes in bfloat16 where the processor has it.
"""
import argparse, json, pathlib, time

import torch
from training import batches, fine_tune
from transformers import AutoModelForSequenceClassification, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["train", "label"])
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("texts", nargs="*", type=pathlib.Path)
parser.add_argument("--data", nargs="+", type=pathlib.Path)
parser.add_argument("--eval", type=pathlib.Path)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=3e-5)
parser.add_argument("--smoothing", type=float, default=0.05)
parser.add_argument("--max-length", type=int, default=96)
parser.add_argument("--temperature", type=float, default=1, help="what logits are divided by before they are likelihoods")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def length(row):
    return len(row["text"])


def forward(model, tokenizer, batch):
    texts = [row["text"] for row in batch]
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=args.max_length, return_tensors="pt")
    with torch.autocast("cpu", torch.bfloat16):
        return model(**inputs).logits.float()


@torch.no_grad()
def likelihoods(model, tokenizer, rows):
    model.eval()
    for batch in batches(rows, 128, length, False):
        for row, values in zip(batch, (forward(model, tokenizer, batch) / args.temperature).softmax(-1)):
            yield row, values


tokenizer = AutoTokenizer.from_pretrained(args.model)
start = time.time()
if args.command == "label":
    model = AutoModelForSequenceClassification.from_pretrained(args.model)
    rows = [row for path in args.texts for row in rows_of(path)]
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    with args.output.open("w", encoding="utf-8") as file:
        for row, values in likelihoods(model, tokenizer, rows):
            label = {name: round(value, 4) for name, value in zip(names, values.tolist())}
            file.write(json.dumps({"text": row["text"], "label": label}, ensure_ascii=False) + "\n")
    print(f"{len(rows)} texts, {time.time() - start:.0f} s")
else:
    rows, held = [row for path in args.data for row in rows_of(path)], rows_of(args.eval)
    names = sorted({row["label"] for row in rows})
    model = AutoModelForSequenceClassification.from_pretrained(
        args.model, id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)}
    )
    cross_entropy = torch.nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    best = 0

    def loss_of(batch):
        return cross_entropy(forward(model, tokenizer, batch), torch.tensor([names.index(row["label"]) for row in batch]))

    def finish(epoch, seconds):
        global best
        right = sum(names[int(values.argmax())] == row["label"] for row, values in likelihoods(model, tokenizer, held))
        print(f"epoch {epoch + 1}: accuracy {right / len(held):.4f}, {seconds:.0f} s", flush=True)
        if right > best:
            best = right
            model.save_pretrained(args.output)
            tokenizer.save_pretrained(args.output)

    fine_tune(model, rows, args, length, loss_of, finish)
