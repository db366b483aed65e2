"""Fine-tunes a sentence encoder on a text classification and says how likely it takes each class for each text of other files.

    python teacher.py MODEL_FOLDER OUTPUT_FOLDER --train train.jsonl [--dev dev.jsonl] [--test test.jsonl] [--label texts.jsonl ...]

MODEL_FOLDER is a BERT that is averaged over its tokens (all-MiniLM-L6-v2). Files are JSONL with `text` and `label`; each file of
--label gives OUTPUT_FOLDER/NAME.jsonl with how likely each class is as `label`: {"NEGATIVE": 0.1, "POSITIVE": 0.9}, or halfway to the
label that the text has. The weights after the last epoch are used, or with --dev those of the best.
"""
import argparse, copy, json, math, pathlib, random, time, warnings

warnings.filterwarnings("ignore")
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModel, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("--train", required=True)
parser.add_argument("--dev")
parser.add_argument("--test")
parser.add_argument("--label", nargs="*", default=[], type=pathlib.Path)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=1e-4)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
random.seed(args.seed)


def read(path):
    return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]


train = read(args.train)
labels = sorted({example["label"] for example in train}, key=str)
place = {label: i for i, label in enumerate(labels)}
tokenizer = AutoTokenizer.from_pretrained(args.model)


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(args.model)
        self.dropout = torch.nn.Dropout(0.1)
        self.output = torch.nn.Linear(self.encoder.config.hidden_size, len(labels))

    def forward(self, texts):
        batch = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        mask = batch["attention_mask"][..., None]
        hidden = self.encoder(**batch).last_hidden_state
        return self.output(self.dropout((hidden * mask).sum(1) / mask.sum(1)))


model = Classifier()


@torch.inference_mode()
def logits(examples):
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["text"]))
    result = torch.empty(len(examples), len(labels))
    for at in range(0, len(order), 64):
        part = order[at : at + 64]
        result[part] = model([examples[i]["text"] for i in part])
    return result


def accuracy(examples):
    wanted = torch.tensor([place[example["label"]] for example in examples])
    return (logits(examples).argmax(-1) == wanted).float().mean().item()


steps = args.epochs * math.ceil(len(train) / args.batch_size)
optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
warmup = steps // 10
schedule = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda step: min((step + 1) / warmup, (steps - step) / (steps - warmup))
)
best, kept = -1, None
dev = read(args.dev) if args.dev else None
for epoch in range(args.epochs):
    start, total = time.time(), 0
    model.train()
    # batches of like lengths, in a random order
    order = sorted(random.sample(range(len(train)), len(train)), key=lambda i: len(train[i]["text"]) // 24)
    batches = [order[i : i + args.batch_size] for i in range(0, len(order), args.batch_size)]
    random.shuffle(batches)
    for part in batches:
        wanted = torch.tensor([place[train[i]["label"]] for i in part])
        loss = cross_entropy(model([train[i]["text"] for i in part]), wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
        total += loss.item() * len(part)
    line = f"epoch {epoch + 1}: loss {total / len(train):.4f}, {time.time() - start:.0f} s"
    if dev:
        score = accuracy(dev)
        line += f", dev {score:.4f}"
        if score > best:
            best, kept = score, copy.deepcopy(model.state_dict())
    print(line, flush=True)
if kept:
    model.load_state_dict(kept)
if args.test:
    print(f"test {accuracy(read(args.test)):.4f}", flush=True)
args.output.mkdir(parents=True, exist_ok=True)
torch.save(model.state_dict(), args.output / "teacher.pt")
for path in args.label:
    examples = read(path)
    with open(args.output / path.name, "w", encoding="utf-8") as file:
        for example, row in zip(examples, logits(examples).softmax(-1).tolist()):
            known = example.get("label")
            likely = {label: (p if known is None else (p + (label == known)) / 2) for label, p in zip(labels, row)}
            likely = {label: round(p, 4) for label, p in likely.items()}
            file.write(json.dumps({"text": example["text"], "label": likely}, ensure_ascii=False) + "\n")
    print(f"{path.name}: {len(examples)} texts", flush=True)
