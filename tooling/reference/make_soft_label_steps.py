"""Losses, gradients and 20 steps of AdamW on soft labels (how likely each class is), as PyTorch computes them, on a small ConvBERT.

    python make_soft_label_steps.py ../../packages/trainer/test/fixtures/soft-labels

Writes soft-labels.safetensors (the start weights, batches, gradients of the first batch, weights after the steps) and
soft-labels.json (losses and options). The loss is torch.nn.functional.cross_entropy with probabilities, its weight and
label_smoothing. Texts have one length.
"""
import pathlib, sys

from steps import SHAPE, SOFT_CASES, record, soft_loss
import torch
from transformers import ConvBertConfig, ConvBertForSequenceClassification

torch.manual_seed(5)
CLASSIFIER = {**SHAPE, "num_labels": 3}
BATCH = 5


def loss_of(model, case, generator):
    ids = torch.randint(1, 23, (BATCH, 7), generator=generator)
    labels = (2 * torch.randn(BATCH, 3, generator=generator)).softmax(-1)
    labels[0] = torch.tensor([0.0, 1.0, 0.0])
    return soft_loss(model(ids).logits, labels, case), {"ids": ids.int(), "labels": labels}, {}


start = ConvBertForSequenceClassification(ConvBertConfig(**CLASSIFIER)).eval()
record(start, SOFT_CASES, 13, loss_of, pathlib.Path(sys.argv[1]), CLASSIFIER)
