"""Losses, gradients and 20 steps of AdamW of each sentence loss, as PyTorch computes them, on a small ConvBERT.

    python make_sentence_steps.py ../../packages/trainer/test/fixtures/sentences

Writes sentences.safetensors (the start weights, batches, gradients of the first batch, weights after the steps) and
sentences.json (losses and options). Each text runs alone, without padding. The losses are those of sentence-transformers
(MultipleNegativesRankingLoss, CosineSimilarityLoss, TripletLoss with its cosine distance), the mean squared distance, and that
of the products of all vectors with each other.
"""
import json, pathlib, sys, warnings

warnings.filterwarnings("ignore")
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import ConvBertConfig, ConvBertModel

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(3)
torch.set_num_threads(1)
SHAPE = dict(vocab_size=23, hidden_size=12, embedding_size=8, num_hidden_layers=2, num_attention_heads=4, intermediate_size=16,
             max_position_embeddings=12, initializer_range=0.3, pad_token_id=0, conv_kernel_size=3)
STEPS, EXAMPLES, LR, DECAY = 20, 5, 3e-3, 0.01
CASES = {
    "regression": dict(pooling="mean", normalize=True, texts=1, loss={"kind": "regression", "relations": 3}),
    "plain-regression": dict(pooling="first", normalize=False, texts=1, loss={"kind": "regression"}),
    "pairs": dict(pooling="mean", normalize=True, texts=2, loss={"kind": "pairs"}),
    "hard-pairs": dict(pooling="max", normalize=False, texts=3, loss={"kind": "pairs", "scale": 7}),
    "scores": dict(pooling="mean", normalize=False, texts=2, loss={"kind": "scores"}),
    "triplets": dict(pooling="mean", normalize=True, texts=3, loss={"kind": "triplets", "margin": 0.3}),
}
start = ConvBertModel(ConvBertConfig(**SHAPE)).eval()
for module in start.modules():
    if isinstance(module, torch.nn.LayerNorm):
        torch.nn.init.normal_(module.weight, 1, 0.2)
weights = {name: value.clone() for name, value in start.state_dict().items() if "position_ids" not in name and "token_type_ids" not in name}
tensors = {f"start/{name}": value for name, value in weights.items()}


def vectors(model, rows, case):
    found = []
    for row in rows:
        hidden = model(torch.tensor([row])).last_hidden_state[0]
        found.append({"mean": hidden.mean(0), "first": hidden[0], "max": hidden.max(0).values}[case["pooling"]])
    found = torch.stack(found)
    return F.normalize(found, dim=-1) if case["normalize"] else found


def loss_of(v, labels, case):
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


recorded = {}
for name, case in CASES.items():
    model = ConvBertModel(ConvBertConfig(**SHAPE)).eval()
    model.load_state_dict(weights, strict=False)
    no_decay = [p for n, p in model.named_parameters() if n.endswith("bias") or n.endswith("LayerNorm.weight")]
    decay = [p for n, p in model.named_parameters() if not (n.endswith("bias") or n.endswith("LayerNorm.weight"))]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": DECAY}, {"params": no_decay, "weight_decay": 0}], lr=LR)
    generator = torch.Generator().manual_seed(11)
    losses = []
    for step in range(STEPS):
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
        loss = loss_of(v, labels, case)
        optimizer.zero_grad()
        loss.backward()
        tensors[f"{name}/{step}/ids"] = ids.int()
        if labels is not None:
            tensors[f"{name}/{step}/labels"] = labels
        if step == 0:
            tensors[f"{name}/vectors"] = v.detach()
            for parameter, value in model.named_parameters():
                tensors[f"{name}/gradient/{parameter}"] = value.grad.clone()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    recorded[name] = {**case, "losses": losses}
    tensors[f"{name}/end"] = model.embeddings.word_embeddings.weight.detach().clone()
save_file({name: value.contiguous() for name, value in tensors.items()}, out / "sentences.safetensors")
(out / "sentences.json").write_text(json.dumps({"config": SHAPE, "steps": STEPS, "examples": EXAMPLES, "lr": LR, "weight_decay": DECAY, "cases": recorded}) + "\n")
