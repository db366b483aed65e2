"""Record the dynamic convolutions' kernels of the reference, which its forward does not give out, with a hook.

    .venv/bin/python make_dynamic_kernels.py ../../packages/heads/test/fixtures

Writes FOLDER/dynamic-kernels.json: a list of {model, inputs, kernels}, for each layer [batch, length, heads, taps].
"""

import argparse
import json
import logging
import pathlib

import torch
import transformers

IDS = [[3, 14, 15, 9, 26, 5], [35, 8, 97, 93, 23, 84]]
MASK = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]
MODELS = [
    "default/ConvBertForSequenceClassification",
    "grouped/ConvBertForTokenClassification",
    "odd-sizes/ConvBertForMaskedLM",
    "projected-embeddings/ConvBertForQuestionAnswering",
    "silu-one-layer/ConvBertModel",
]


def record(fixtures, name):
    model = getattr(transformers, name.split("/")[1]).from_pretrained(fixtures / "models" / name).eval()
    encoder = getattr(model, "convbert", model).encoder
    kernels = []

    def keep(attention):
        def hook(_module, _inputs, logits):
            # As ConvBertSelfAttention.forward goes on: one kernel for each token and head, softmaxed over its taps.
            taps = torch.softmax(logits.reshape(-1, attention.conv_kernel_size, 1), dim=1)
            kernels.append(taps.reshape(len(IDS), len(IDS[0]), -1, attention.conv_kernel_size))

        return hook

    for layer in encoder.layer:
        attention = layer.attention.self
        attention.conv_kernel_layer.register_forward_hook(keep(attention))
    with torch.no_grad():
        model(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(MASK))
    rounded = [json.loads(json.dumps(layer.tolist()), parse_float=lambda text: float(f"{float(text):.9g}")) for layer in kernels]
    return dict(model=name, inputs=dict(input_ids=IDS, attention_mask=MASK), kernels=rounded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    transformers.logging.set_verbosity(logging.ERROR)
    rows = [json.dumps(record(fixtures, name)) for name in MODELS]
    (fixtures / "dynamic-kernels.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"{len(rows)} models")


if __name__ == "__main__":
    main()
