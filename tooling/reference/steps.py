"""Twenty steps of AdamW on a small ConvBERT, recorded as make_sentence_steps.py, make_soft_label_steps.py and make_soft_tag_steps.py do."""
import json, warnings

warnings.filterwarnings("ignore")
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import ConvBertConfig

torch.set_num_threads(1)
SHAPE = dict(vocab_size=23, hidden_size=12, embedding_size=8, num_hidden_layers=2, num_attention_heads=4, intermediate_size=16,
             max_position_embeddings=12, initializer_range=0.3, pad_token_id=0, conv_kernel_size=3)
STEPS, LR, DECAY = 20, 3e-3, 0.01
SOFT_CASES = {
    "plain": dict(),
    "weighed": dict(class_weights=[0.5, 2, 1]),
    "smoothed": dict(class_weights=[0.5, 2, 1], label_smoothing=0.2),
}
"""How labels count that say how likely each of three classes is."""


def soft_loss(logits, labels, case):
    weight = torch.tensor(case["class_weights"]) if "class_weights" in case else None
    return F.cross_entropy(logits, labels, weight=weight, label_smoothing=case.get("label_smoothing", 0))


def record(start, cases, seed, loss_of, out, shape=SHAPE, **more):
    """
    Writes the start weights, batches, gradients of the first batch and weights after the steps into a folder, as its name with
    .safetensors, and losses and options as .json. `loss_of(model, case, generator)` gives the loss of a batch and what to keep of it.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = {n: v.clone() for n, v in start.state_dict().items() if "position_ids" not in n and "token_type_ids" not in n}
    tensors = {f"start/{name}": value for name, value in weights.items()}
    recorded = {}
    for name, case in cases.items():
        model = type(start)(ConvBertConfig(**shape)).eval()
        model.load_state_dict(weights, strict=False)
        no_decay = [p for n, p in model.named_parameters() if n.endswith("bias") or n.endswith("LayerNorm.weight")]
        decay = [p for n, p in model.named_parameters() if not (n.endswith("bias") or n.endswith("LayerNorm.weight"))]
        optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": DECAY}, {"params": no_decay, "weight_decay": 0}], lr=LR)
        generator = torch.Generator().manual_seed(seed)
        losses = []
        for step in range(STEPS):
            loss, batch, first = loss_of(model, case, generator)
            optimizer.zero_grad()
            loss.backward()
            tensors |= {f"{name}/{step}/{key}": value for key, value in batch.items()}
            if step == 0:
                tensors |= {f"{name}/{key}": value for key, value in first.items()}
                tensors |= {f"{name}/gradient/{key}": value.grad.clone() for key, value in model.named_parameters()}
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        recorded[name] = {**case, "losses": losses}
        tensors[f"{name}/end"] = model.base_model.embeddings.word_embeddings.weight.detach().clone()
    save_file({name: value.contiguous() for name, value in tensors.items()}, out / f"{out.name}.safetensors")
    options = {"config": shape, "steps": STEPS, **more, "lr": LR, "weight_decay": DECAY, "cases": recorded}
    (out / f"{out.name}.json").write_text(json.dumps(options) + "\n")
