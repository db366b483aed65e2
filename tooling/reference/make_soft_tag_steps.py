"""Losses, gradients and 20 steps of AdamW on soft tags (how likely each tag of a word is), as PyTorch computes them, on a small ConvBERT.

    python make_soft_tag_steps.py ../../packages/trainer/test/fixtures/soft-tags

Writes soft-tags.safetensors (the start weights, batches, gradients of the first batch, weights after the steps) and
soft-tags.json (losses and options). The loss is torch.nn.functional.cross_entropy with probabilities, its weight and
label_smoothing, over the tokens that count: those of padding, the first and the last of a text, and some others have only 0.
"""
import pathlib, sys

from steps import SHAPE, SOFT_CASES, record, soft_loss
import torch
from transformers import ConvBertConfig, ConvBertForTokenClassification

torch.manual_seed(6)
TAGGER = {**SHAPE, "num_labels": 3}
LENGTHS = [7, 4, 6]
MASK = torch.tensor([[int(at < length) for at in range(max(LENGTHS))] for length in LENGTHS])


def loss_of(model, case, generator):
    ids = torch.randint(1, 23, MASK.shape, generator=generator) * MASK
    labels = (2 * torch.randn(*MASK.shape, 3, generator=generator)).softmax(-1)
    labels[0, 1] = torch.tensor([0.0, 1.0, 0.0])
    counts = MASK.bool() & (torch.rand(MASK.shape, generator=generator) < 0.7)
    for row, length in enumerate(LENGTHS):
        counts[row, [0, length - 1]] = False
    counts[0, 1] = True
    labels = labels * counts[..., None]
    logits = model(ids, attention_mask=MASK).logits
    return soft_loss(logits[counts], labels[counts], case), {"ids": ids.int(), "labels": labels}, {}


start = ConvBertForTokenClassification(ConvBertConfig(**TAGGER)).eval()
record(start, SOFT_CASES, 14, loss_of, pathlib.Path(sys.argv[1]), TAGGER, lengths=LENGTHS)
