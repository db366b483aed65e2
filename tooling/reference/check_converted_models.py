"""Save models with the reference's TensorFlow classes, and load the formats that convert_models.ts has written.

    python check_converted_models.py save FIXTURES OUT       then: node convert_models.ts FIXTURES OUT
    python check_converted_models.py check FIXTURES OUT

Needs an environment of its own: pip install "numpy<2" tensorflow-cpu==2.14.1 torch==2.13.0 transformers==4.34.0 h5py
safetensors. `save` writes OUT/theirs/<variant>/<Head>/{h5,h5-sharded,safetensors}. `check` loads OUT/ours: TensorFlow's
forms with TensorFlow's classes and the others with PyTorch's, without missing or unexpected weights, outputs within
1e-5 of PyTorch's largest value; the TensorFlow 1 checkpoints with tf.train.load_variable and the reference's converter, bit for
bit. Ends with exit code 1 otherwise.
"""

import argparse
import logging
import os
import pathlib
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers.models.convbert.modeling_convbert import load_tf_weights_in_convbert  # noqa: E402

LIMIT = 1e-5


def heads(fixtures):
    return sorted(path.parent for path in fixtures.glob("*/ConvBert*/model.safetensors"))


def inputs_of(model, config):
    random = np.random.default_rng(0)
    shape = (2, 3, 9) if model.endswith("MultipleChoice") else (3, 9)
    mask = np.ones(shape, np.int64)
    mask[..., 0, 6:] = 0
    return {
        "input_ids": random.integers(0, config.vocab_size, shape),
        "attention_mask": mask,
        "token_type_ids": random.integers(0, config.type_vocab_size, shape),
    }


def outputs_of(model, inputs):
    if isinstance(model, tf.keras.Model):
        return {key: value.numpy() for key, value in model(inputs, training=False).items() if not isinstance(value, tuple)}
    with torch.no_grad():
        outputs = model.eval()(**{key: torch.tensor(value) for key, value in inputs.items()})
    return {key: value.numpy() for key, value in outputs.items() if isinstance(value, torch.Tensor)}


def difference(ours, theirs):
    assert ours.keys() == theirs.keys(), (ours.keys(), theirs.keys())
    return max(float(np.abs(ours[key] - theirs[key]).max() / np.abs(theirs[key]).max()) for key in theirs)


def save(fixtures, out):
    for folder in heads(fixtures):
        name = folder.name
        target = out / "theirs" / folder.parent.name / name
        try:
            model = getattr(transformers, f"TF{name}").from_pretrained(folder, from_pt=True)
            model(inputs_of(name, model.config), training=False)
        except Exception as error:  # Some variants are beyond the reference's TensorFlow classes.
            print(f"{folder.parent.name}/{name}: the reference cannot: {str(error).splitlines()[0][:150]}")
            continue
        model.save_pretrained(target / "h5")
        model.save_pretrained(target / "h5-sharded", max_shard_size="40KB")
        model.save_pretrained(target / "safetensors", safe_serialization=True)


def check_form(form, folder, reference, inputs, expected):
    name = type(reference).__name__
    is_tensorflow = form.startswith("tensorflow")
    model, info = getattr(transformers, f"TF{name}" if is_tensorflow else name).from_pretrained(
        folder, output_loading_info=True
    )
    # A dropout layer has no weights, and its name a number that counts the models of a process: the reference misses it in
    # its own files, too.
    info["missing_keys"] = [key for key in info["missing_keys"] if not re.fullmatch(r"dropout_\d+", key)]
    problems = [f"{key}: {value}" for key, value in info.items() if value]
    worst = difference(outputs_of(model, inputs), expected)
    if not worst <= LIMIT:
        problems.append(f"difference {worst:.1e}")
    for file in folder.glob("*.h5"):
        with h5py.File(file) as opened:
            opened.visititems(lambda _, found: found[()] if isinstance(found, h5py.Dataset) else None)
    return worst, problems


def check_tf1(folder, reference):
    problems = []
    prefix = str(folder / "model.ckpt")
    for variable, shape in tf.train.list_variables(prefix):
        if list(tf.train.load_variable(prefix, variable).shape) != shape:
            problems.append(f"{variable} has another shape")
    tf.train.load_variable(str(folder), "electra/embeddings/word_embeddings")  # Through the file "checkpoint".
    encoder = getattr(reference, "convbert", reference)
    empty = transformers.ConvBertModel(reference.config)
    with torch.no_grad():
        for parameter in empty.parameters():
            parameter.fill_(float("nan"))
    converted = load_tf_weights_in_convbert(empty, reference.config, prefix).state_dict()
    for key, value in encoder.state_dict().items():
        if not torch.equal(converted[key], value):
            problems.append(f"{key} differs")
    return 0.0, problems


def check(fixtures, out):
    table, failed = {}, 0
    for folder in heads(fixtures):
        label = f"{folder.parent.name}/{folder.name}"
        reference, info = getattr(transformers, folder.name).from_pretrained(folder, output_loading_info=True)
        inputs = inputs_of(folder.name, reference.config)
        expected = outputs_of(reference, inputs)
        for form in sorted(path.name for path in (out / "ours" / label).iterdir()):
            ours = out / "ours" / label / form
            if form.startswith("tensorflow") and not (out / "theirs" / label).exists():
                continue
            try:
                worst, problems = check_tf1(ours, reference) if form.startswith("tf1") else check_form(form, ours, reference, inputs, expected)
            except Exception as error:
                worst, problems = 0.0, [f"{type(error).__name__}: {error}"]
            count, largest = table.get(form, (0, 0.0))
            table[form] = (count + 1, max(largest, worst))
            for problem in problems:
                print(f"{label}, {form}: {problem}")
            failed += bool(problems)
    for form, (count, largest) in table.items():
        print(f"{form}: {count} models, largest relative difference {largest:.1e}")
    print(f"transformers {transformers.__version__}, TensorFlow {tf.__version__}, PyTorch {torch.__version__}: {failed} failed")
    return 1 if failed or not table else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["save", "check"])
    parser.add_argument("fixtures", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity(logging.CRITICAL)
    sys.exit({"save": save, "check": check}[arguments.what](arguments.fixtures, arguments.out))


if __name__ == "__main__":
    main()
