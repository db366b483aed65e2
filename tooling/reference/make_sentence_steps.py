"""Losses, gradients and 20 steps of AdamW of each sentence loss, as PyTorch computes them, on a small ConvBERT.

    python make_sentence_steps.py ../../packages/trainer/test/fixtures/sentences

Writes sentences.safetensors (the start weights, batches, gradients of the first batch, weights after the steps) and
sentences.json (losses and options). Each text runs alone, without padding. The losses are those of sentence-transformers
(MultipleNegativesRankingLoss, CosineSimilarityLoss, TripletLoss with its cosine distance), the mean squared distance, and that
of the products of all vectors with each other.
"""
import pathlib, sys

from steps import SHAPE, record
import torch
import torch.nn.functional as F
from transformers import ConvBertConfig, ConvBertModel

torch.manual_seed(3)
EXAMPLES = 5
CASES = {
    "regression": dict(pooling="mean", normalize=True, texts=1, loss={"kind": "regression", "relations": 3}),
    "plain-regression": dict(pooling="first", normalize=False, texts=1, loss={"kind": "regression"}),
    "pairs": dict(pooling="mean", normalize=True, texts=2, loss={"kind": "pairs"}),
    "hard-pairs": dict(pooling="max", normalize=False, texts=3, loss={"kind": "pairs", "scale": 7}),
    "scores": dict(pooling="mean", normalize=False, texts=2, loss={"kind": "scores"}),
    "triplets": dict(pooling="mean", normalize=True, texts=3, loss={"kind": "triplets", "margin": 0.3}),
}


def vectors(model, rows, case):
    found = []
    for row in rows:
        hidden = model(torch.tensor([row])).last_hidden_state[0]
        found.append({"mean": hidden.mean(0), "first": hidden[0], "max": hidden.max(0).values}[case["pooling"]])
    found = torch.stack(found)
    return F.normalize(found, dim=-1) if case["normalize"] else found


def loss_between(v, labels, case):
    loss, texts = case["loss"], case["texts"]
    if loss["kind"] == "regression":
        value = (v - labels).square().sum(-1).mean()
        if "relations" in loss:
            value = value + loss["relations"] * F.mse_loss(v @ v.T, labels @ labels.T)
        return value
    unit = F.normalize(v, dim=-1)
    parts = unit.split(EXAMPLES)
    if loss["kind"] == "pairs":
        return F.cross_entropy(parts[0] @ torch.cat(parts[1:]).T * loss.get("scale", 20), torch.arange(EXAMPLES))
    if loss["kind"] == "scores":
        return F.mse_loss((parts[0] * parts[1]).sum(-1), labels)
    distance = [1 - (parts[0] * part).sum(-1) for part in parts[1:]]
    return F.relu(distance[0] - distance[1] + loss["margin"]).mean()


def loss_of(model, case, generator):
    count = EXAMPLES * case["texts"]
    lengths = torch.randint(2, 12, (count,), generator=generator)
    ids = torch.randint(1, 23, (count, 12), generator=generator)
    ids = ids * (torch.arange(12)[None] < lengths[:, None])
    labels = None
    if case["loss"]["kind"] == "regression":
        labels = torch.randn(count, 12, generator=generator)
        labels = F.normalize(labels, dim=-1) if case["normalize"] else labels
    elif case["loss"]["kind"] == "scores":
        labels = torch.rand(EXAMPLES, generator=generator)
    v = vectors(model, [row[:length].tolist() for row, length in zip(ids, lengths)], case)
    batch = {"ids": ids.int()} if labels is None else {"ids": ids.int(), "labels": labels}
    return loss_between(v, labels, case), batch, {"vectors": v.detach()}


start = ConvBertModel(ConvBertConfig(**SHAPE)).eval()
for module in start.modules():
    if isinstance(module, torch.nn.LayerNorm):
        torch.nn.init.normal_(module.weight, 1, 0.2)
record(start, CASES, 11, loss_of, pathlib.Path(sys.argv[1]), examples=EXAMPLES)
