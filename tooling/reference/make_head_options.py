"""Record what the reference's heads make of unusual configurations and labels, on the checkpoints that the repository keeps.

    .venv/bin/python make_head_options.py ../../packages/heads/test/fixtures

Writes FOLDER/head-options.json: a list of {head, model, config, inputs, expected}. Weights that a configuration adds are
filled by one formula, sin(i + 1) / 8 for element i, so that a test can make the same.
"""

import argparse
import json
import logging
import math
import pathlib

import torch
import transformers

IDS = [[3, 14, 15, 9, 26, 5], [35, 8, 97, 93, 23, 84]]
MASK = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]
TWO = dict(input_ids=IDS, attention_mask=MASK)
CHOICES = dict(input_ids=[IDS, IDS[::-1]], attention_mask=[MASK, MASK[::-1]], labels=[1, 0])

CHOICE, SEQUENCE = "default/ConvBertForMultipleChoice", "default/ConvBertForSequenceClassification"
TOKEN, ANSWER = "grouped/ConvBertForTokenClassification", "projected-embeddings/ConvBertForQuestionAnswering"

CASES = [
    (CHOICE, dict(summary_type="first"), CHOICES),
    (CHOICE, dict(summary_type="mean"), CHOICES),
    (CHOICE, dict(summary_type="cls_index"), CHOICES),
    (CHOICE, dict(summary_use_proj=True), CHOICES),
    (CHOICE, dict(summary_use_proj=True, summary_activation="tanh", summary_type="mean"), CHOICES),
    (CHOICE, dict(summary_use_proj=True, summary_proj_to_labels=True, num_labels=32), CHOICES),
    (SEQUENCE, dict(num_labels=1), dict(**TWO, labels=[0.5, -1.25])),
    (SEQUENCE, dict(num_labels=1), dict(**TWO, labels=[[0.5], [-1.25]])),
    (SEQUENCE, dict(), dict(**TWO, labels=[2, 0])),
    (SEQUENCE, dict(), dict(**TWO, labels=[2, -100])),
    (SEQUENCE, dict(), dict(**TWO, labels=[-100, -100])),
    (SEQUENCE, dict(), dict(**TWO, labels=[[0.0, 1.0, 0.5], [1.0, 0.25, 0.0]])),
    (SEQUENCE, dict(problem_type="regression"), dict(**TWO, labels=[[0.0, 1.0, 0.5], [1.0, 0.25, 0.0]])),
    (TOKEN, dict(), dict(**TWO, labels=[[0, 1, 2, 0, -100, 1], [-100] * 6])),
    (TOKEN, dict(), dict(**TWO, labels=[[-100] * 6] * 2)),
    (ANSWER, dict(), dict(**TWO, start_positions=[1, 2], end_positions=[3, 2])),
    (ANSWER, dict(), dict(**TWO, start_positions=[-5, 99], end_positions=[2, 6])),
    (ANSWER, dict(), dict(**TWO, start_positions=[6, 99], end_positions=[0, 1])),
]


def numbers(value):
    if isinstance(value, torch.Tensor):
        return numbers(value.tolist())
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return "NaN" if math.isnan(value) else float(f"{value:.9g}")


def record(fixtures, name, config, inputs):
    head = name.split("/")[1]
    folder = fixtures / "models" / name
    # Fields that the configuration's class does not name are only taken from a file.
    fields = {**json.loads((folder / "config.json").read_text()), **config}
    if "num_labels" in config:
        del fields["id2label"], fields["label2id"]
    model, info = getattr(transformers, head).from_pretrained(
        folder,
        config=transformers.ConvBertConfig.from_dict(fields),
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    state = model.state_dict()
    for key in [*info["missing_keys"], *(entry[0] for entry in info["mismatched_keys"])]:
        count = state[key].numel()
        state[key].copy_(torch.tensor([math.sin(i + 1) / 8 for i in range(count)]).reshape(state[key].shape))
    with torch.no_grad():
        outputs = model.eval()(**{key: torch.tensor(value) for key, value in inputs.items()})
    expected = {key: numbers(value) for key, value in outputs.items()}
    return dict(head=head, model=name, config=config, inputs=inputs, expected=expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    transformers.logging.set_verbosity(logging.ERROR)
    rows = [json.dumps(record(fixtures, *case)) for case in CASES]
    (fixtures / "head-options.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"{len(rows)} cases")


if __name__ == "__main__":
    main()
