"""Record what the reference computes for small random ConvBERTs: every variant, head, argument, output, loss, gradient.

    .venv/bin/python make_model_cases.py FOLDER [--seed 0] [--variants default,grouped]

Each FOLDER/<variant>/<Head>/ receives a checkpoint (config.json, model.safetensors, pytorch_model.bin) and

    cases.safetensors    "<case>/in/<argument>", "<case>/out/<field>" (".<i>" for tuples), "<case>/grad/<parameter>"
    cases.json           the scalar arguments of each case (problem_type)

The tests of the packages and `convbert verify` read this layout. Another seed gives other weights and inputs.
"""

import argparse
import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers import ConvBertConfig

SMALL = dict(vocab_size=99, hidden_size=32, embedding_size=32, num_hidden_layers=3, num_attention_heads=4,
             intermediate_size=48, max_position_embeddings=64, pad_token_id=0, num_labels=3)
VARIANTS = {
    "default": {},
    "projected-embeddings": dict(embedding_size=16),
    "grouped": dict(num_groups=2, intermediate_size=64),
    "head-ratio-1": dict(head_ratio=1),
    "head-ratio-4": dict(head_ratio=4),
    "head-ratio-above-heads": dict(head_ratio=8),
    "kernel-3": dict(conv_kernel_size=3),
    "kernel-7-relu": dict(conv_kernel_size=7, hidden_act="relu"),
    "gelu-new": dict(hidden_act="gelu_new", layer_norm_eps=1e-5),
    "silu-one-layer": dict(hidden_act="silu", num_hidden_layers=1, type_vocab_size=3),
    "odd-sizes": dict(hidden_size=36, embedding_size=20, num_attention_heads=6, intermediate_size=50, vocab_size=101),
    "chunked-feed-forward": dict(chunk_size_feed_forward=1),
}
# These get every head, the others ConvBertModel alone: heads do not depend on what varies there.
WITH_HEADS = {"default", "projected-embeddings", "grouped", "odd-sizes"}
WITH_GRADIENTS = {"loss", "positions-outside", "single_label_classification", "multi_label_classification", "regression"}


class Draw:
    """Random inputs for one configuration."""

    def __init__(self, config, seed):
        self.config = config
        self.generator = torch.Generator().manual_seed(seed)

    def integers(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator)

    def normal(self, *shape):
        return torch.randn(shape, generator=self.generator)

    def words(self, *shape):
        return self.integers(3, self.config.vocab_size, *shape)

    def padded(self, lengths, total, left=False):
        mask = (torch.arange(total) < torch.tensor(lengths)[:, None]).long()
        mask = mask.flip(1) if left else mask
        return dict(input_ids=self.words(*mask.shape) * mask, attention_mask=mask)


def model_cases(draw, model):
    config, length = draw.config, 13
    heads = model.encoder.layer[0].attention.self.num_attention_heads
    words = lambda: dict(input_ids=draw.words(2, length))
    mask_3d = draw.integers(0, 2, 2, length, length)
    mask_3d[:, :, 0] = 1
    yield "single", dict(input_ids=draw.words(1, length))
    yield "one-token", dict(input_ids=draw.words(2, 1))
    yield "shorter-than-kernel", dict(input_ids=draw.words(2, 2))
    yield "longest", dict(input_ids=draw.words(1, config.max_position_embeddings))
    yield "padded", draw.padded([13, 7, 1], length)
    yield "left-padded", draw.padded([13, 6], length, left=True)
    yield "token-types", words() | dict(token_type_ids=draw.integers(0, config.type_vocab_size, 2, length))
    yield "position-ids", words() | dict(position_ids=draw.integers(0, config.max_position_embeddings, 2, length))
    yield "inputs-embeds", dict(inputs_embeds=draw.normal(2, length, config.embedding_size),
                                attention_mask=draw.padded([13, 9], length)["attention_mask"])
    yield "mask-3d", words() | dict(attention_mask=mask_3d)
    yield "head-mask", words() | dict(head_mask=(torch.arange(heads) % 2).float())
    yield "head-mask-layers", words() | dict(head_mask=draw.integers(0, 2, config.num_hidden_layers, heads).float())


def head_cases(draw, model):
    config, length = draw.config, 11
    batch = draw.padded([11, 8, 5, 2], length) | dict(token_type_ids=draw.integers(0, 2, 4, length))
    hidden = batch["attention_mask"] == 0
    yield "no-labels", batch
    head = type(model).__name__
    if head == "ConvBertForMaskedLM":
        kept = draw.integers(0, 2, 4, length) == 1
        kept[0, 1] = True
        yield "loss", batch | dict(labels=torch.where(kept, draw.words(4, length), -100))
        yield "all-ignored", batch | dict(labels=torch.full((4, length), -100))
    elif head == "ConvBertForTokenClassification":
        yield "loss", batch | dict(labels=draw.integers(0, config.num_labels, 4, length).masked_fill(hidden, -100))
    elif head == "ConvBertForQuestionAnswering":
        spans = lambda start, end: batch | dict(start_positions=torch.tensor(start), end_positions=torch.tensor(end))
        yield "loss", spans([1, 3, 0, 1], [4, 7, 4, 1])
        yield "positions-outside", spans([1, 99, 0, 1], [4, 50, 99, 1])
        yield "positions-2d", spans([[1], [3], [0], [1]], [[4], [7], [4], [1]])
    elif head == "ConvBertForSequenceClassification":
        one = draw.integers(0, config.num_labels, 4)
        many = draw.integers(0, 2, 4, config.num_labels).float()
        for problem_type, labels in (("single_label_classification", one), ("multi_label_classification", many),
                                     ("regression", draw.normal(4, config.num_labels))):
            model.config.problem_type = problem_type
            yield problem_type, batch | dict(labels=labels)
        for name, labels in (("inferred-single", one), ("inferred-multi", many)):
            model.config.problem_type = None
            yield name, batch | dict(labels=labels)


def multiple_choice_cases(draw, model):
    length, choices = 11, (2, 3)
    flat = draw.padded([11, 9, 7, 3, 5, 11], length) | dict(token_type_ids=draw.integers(0, 2, 6, length))
    batch = {name: value.view(*choices, length) for name, value in flat.items()}
    yield "no-labels", batch
    yield "loss", batch | dict(labels=torch.tensor([2, 0]))
    yield "inputs-embeds", dict(inputs_embeds=draw.normal(*choices, length, draw.config.embedding_size),
                                attention_mask=batch["attention_mask"], labels=torch.tensor([1, 1]))


HEADS = {
    "ConvBertModel": model_cases,
    "ConvBertForMaskedLM": head_cases,
    "ConvBertForSequenceClassification": head_cases,
    "ConvBertForTokenClassification": head_cases,
    "ConvBertForQuestionAnswering": head_cases,
    "ConvBertForMultipleChoice": multiple_choice_cases,
}


def randomise(model, draw):
    """Weights large enough that every branch of the network shows in the output."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = draw.normal(*parameter.shape)
            parameter.copy_(1 + 0.2 * noise if name.endswith("LayerNorm.weight") else 0.15 * noise)
    model.tie_weights()


def record(model, cases):
    tensors, scalars = {}, {}
    for case, inputs in cases:
        problem_type = model.config.problem_type
        output = model(**inputs, output_attentions=True, output_hidden_states=True)
        scalars[case] = dict(problem_type=problem_type) if problem_type else {}
        found = {f"in/{name}": value for name, value in inputs.items()}
        for field, value in output.items():
            values = {f".{i}": v for i, v in enumerate(value)} if isinstance(value, tuple) else {"": value}
            found |= {f"out/{field}{suffix}": v for suffix, v in values.items()}
        if case in WITH_GRADIENTS:
            model.zero_grad()
            output.loss.backward()
            found |= {f"grad/{name}": p.grad for name, p in model.named_parameters() if p.grad is not None}
        tensors |= {f"{case}/{name}": value.detach().clone().contiguous() for name, value in found.items()}
    return tensors, scalars


def main():
    parser = argparse.ArgumentParser(description="record the reference's outputs for small random ConvBERTs")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", default=",".join(VARIANTS), help=", ".join(VARIANTS))
    arguments = parser.parse_args()
    variants = arguments.variants.split(",")
    if unknown := set(variants) - set(VARIANTS):
        parser.error(f"--variants: unknown {', '.join(sorted(unknown))}")

    for variant in variants:
        for number, (head, cases) in enumerate(HEADS.items()):
            if number > 0 and variant not in WITH_HEADS:
                continue
            labels = {"num_labels": 2} if head == "ConvBertForQuestionAnswering" else {}
            config = ConvBertConfig(**{**SMALL, **VARIANTS[variant], **labels})
            draw = Draw(config, seed=1000 * arguments.seed + 10 * list(VARIANTS).index(variant) + number)
            model = getattr(transformers, head)(config).eval()
            randomise(model, draw)
            folder = arguments.folder / variant / head
            model.save_pretrained(folder, safe_serialization=False)
            model.save_pretrained(folder, safe_serialization=True)
            tensors, scalars = record(model, cases(draw, model))
            save_file(tensors, folder / "cases.safetensors")
            (folder / "cases.json").write_text(json.dumps(scalars, indent=1) + "\n")
            print(f"{variant}/{head}: {len(scalars)} cases", flush=True)


if __name__ == "__main__":
    main()
