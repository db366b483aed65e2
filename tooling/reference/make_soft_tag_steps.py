"""Losses, gradients and 20 steps of AdamW on soft tags (how likely each tag of a word is), as PyTorch computes them, on a small ConvBERT.

    python make_soft_tag_steps.py ../../packages/trainer/test/fixtures/soft-tags

Writes soft-tags.safetensors (the start weights, batches, gradients of the first batch, weights after the steps) and
soft-tags.json (losses and options). The loss is torch.nn.functional.cross_entropy with probabilities, its weight and
label_smoothing, over the tokens that count: those of padding, the first and the last of a text, and some others have only 0.
"""
import json, pathlib, sys, warnings

warnings.filterwarnings("ignore")
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import ConvBertConfig, ConvBertForTokenClassification

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(6)
torch.set_num_threads(1)
SHAPE = dict(vocab_size=23, hidden_size=12, embedding_size=8, num_hidden_layers=2, num_attention_heads=4, intermediate_size=16,
             max_position_embeddings=12, initializer_range=0.3, pad_token_id=0, conv_kernel_size=3, num_labels=3)
STEPS, LENGTHS, LR, DECAY = 20, [7, 4, 6], 3e-3, 0.01
CASES = {
    "plain": dict(),
    "weighed": dict(class_weights=[0.5, 2, 1]),
    "smoothed": dict(class_weights=[0.5, 2, 1], label_smoothing=0.2),
}
start = ConvBertForTokenClassification(ConvBertConfig(**SHAPE)).eval()
weights = {name: value.clone() for name, value in start.state_dict().items() if "position_ids" not in name and "token_type_ids" not in name}
tensors = {f"start/{name}": value for name, value in weights.items()}
recorded = {}
for name, case in CASES.items():
    model = ConvBertForTokenClassification(ConvBertConfig(**SHAPE)).eval()
    model.load_state_dict(weights, strict=False)
    no_decay = [p for n, p in model.named_parameters() if n.endswith("bias") or n.endswith("LayerNorm.weight")]
    decay = [p for n, p in model.named_parameters() if not (n.endswith("bias") or n.endswith("LayerNorm.weight"))]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": DECAY}, {"params": no_decay, "weight_decay": 0}], lr=LR)
    generator = torch.Generator().manual_seed(14)
    weight = torch.tensor(case["class_weights"]) if "class_weights" in case else None
    losses = []
    mask = torch.tensor([[int(at < length) for at in range(max(LENGTHS))] for length in LENGTHS])
    for step in range(STEPS):
        ids = torch.randint(1, 23, mask.shape, generator=generator) * mask
        labels = (2 * torch.randn(*mask.shape, 3, generator=generator)).softmax(-1)
        labels[0, 1] = torch.tensor([0.0, 1.0, 0.0])
        counts = mask.bool() & (torch.rand(mask.shape, generator=generator) < 0.7)
        for row, length in enumerate(LENGTHS):
            counts[row, [0, length - 1]] = False
        counts[0, 1] = True
        labels = labels * counts[..., None]
        logits = model(ids, attention_mask=mask).logits
        loss = F.cross_entropy(logits[counts], labels[counts], weight=weight, label_smoothing=case.get("label_smoothing", 0))
        optimizer.zero_grad()
        loss.backward()
        tensors[f"{name}/{step}/ids"] = ids.int()
        tensors[f"{name}/{step}/labels"] = labels
        if step == 0:
            for parameter, value in model.named_parameters():
                tensors[f"{name}/gradient/{parameter}"] = value.grad.clone()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    recorded[name] = {**case, "losses": losses}
    tensors[f"{name}/end"] = model.convbert.embeddings.word_embeddings.weight.detach().clone()
save_file({name: value.contiguous() for name, value in tensors.items()}, out / "soft-tags.safetensors")
(out / "soft-tags.json").write_text(
    json.dumps({"config": SHAPE, "lengths": LENGTHS, "steps": STEPS, "lr": LR, "weight_decay": DECAY, "cases": recorded}) + "\n")
