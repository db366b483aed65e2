"""The reference's side of compare.ts: the same steps in PyTorch, one JSON request a line on stdin."""

import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import torch
import transformers

NO_DECAY = ("bias", "LayerNorm.weight")


def load(request):
    global model, optimizer, batches, at
    torch.set_num_threads(request["threads"])
    model = transformers.ConvBertForSequenceClassification.from_pretrained(request["model"])
    model.train(request["dropout"])
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if not n.endswith(NO_DECAY)], "weight_decay": 0.01},
        {"params": [p for n, p in named if n.endswith(NO_DECAY)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=5e-4)
    with open(request["batches"]) as file:
        batches = [{k: torch.tensor(v) for k, v in batch.items()} for batch in json.load(file)]
    at = 0
    return {"version": f"PyTorch {torch.__version__}, transformers {transformers.__version__}"}


def step():
    global at
    batch = batches[at % len(batches)]
    at += 1
    start = time.perf_counter()
    loss = model(**batch).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    value = float(loss)
    ms = (time.perf_counter() - start) * 1000
    return {"ms": ms, "loss": value, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(load(request) if request["op"] == "load" else step()), flush=True)
