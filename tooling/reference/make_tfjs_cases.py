"""Record what the reference's TensorFlow models compute, with gradients and steps of training.

    .venv/bin/pip install tensorflow-cpu==2.14.1
    .venv/bin/python make_tfjs_cases.py ../../packages/tfjs/test/fixtures

Writes FOLDER/<name>/: config.json; model.safetensors, or tf_model.h5 where CASES says so, as `save_pretrained` of the
TensorFlow class writes them; cases.safetensors with tensors "<case>/in/<argument>", "<case>/out/<field>" and
"<case>/grad/<weight>" (of the loss's mean), and for some "fit/in/<argument>" [steps, batch, ...] with "fit/out/losses"
[steps]: Adam's steps from the saved weights, a batch each. Cases named "legacy..." are computed with tf_legacy_loss.
"""

import argparse
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import transformers
from safetensors.numpy import save_file

SMALL = dict(
    vocab_size=29, hidden_size=12, embedding_size=12, num_hidden_layers=2, num_attention_heads=4, intermediate_size=20,
    conv_kernel_size=3, max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    initializer_range=0.3, pad_token_id=0,
)
STEPS, BATCH, LENGTH = 20, 4, 7

# name -> class, configuration, whether the weights are an h5 file, whether training is recorded
CASES = {
    "base": ("TFConvBertModel", dict(hidden_act="silu", embedding_size=8), False, False),
    "masked-lm": ("TFConvBertForMaskedLM", dict(hidden_act="relu", embedding_size=8), True, True),
    "sequence": ("TFConvBertForSequenceClassification", dict(num_labels=3, num_groups=2), False, True),
    "regression": ("TFConvBertForSequenceClassification", dict(num_labels=1, hidden_act="gelu_new"), False, False),
    "token": ("TFConvBertForTokenClassification", dict(num_labels=4, conv_kernel_size=5), False, False),
    "span": ("TFConvBertForQuestionAnswering", dict(num_labels=2), False, True),
    "choice": ("TFConvBertForMultipleChoice", dict(num_labels=2), False, False),
}


def inputs_of(name, rng, batch=BATCH):
    shape = (batch, 3, LENGTH) if name == "choice" else (batch, LENGTH)
    x = dict(
        input_ids=rng.integers(1, SMALL["vocab_size"], shape),
        attention_mask=np.ones(shape, np.int64),
        token_type_ids=rng.integers(0, 2, shape),
    )
    x["attention_mask"][-1, ..., -3:] = 0
    classes = dict(sequence=3, choice=3, token=4)
    if name == "regression":
        x["labels"] = rng.normal(size=batch).astype(np.float32)
    elif name in ("sequence", "choice"):
        x["labels"] = rng.integers(0, classes[name], batch)
    elif name == "token":
        x["labels"] = np.where(rng.random(shape) < 0.3, -100, rng.integers(0, 4, shape))
    elif name == "masked-lm":
        x["labels"] = np.where(rng.random(shape) < 0.6, -100, rng.integers(0, SMALL["vocab_size"], shape))
    elif name == "span":
        x["start_positions"], x["end_positions"] = (rng.integers(0, LENGTH, batch) for _ in range(2))
    return x


def record(model, case, x, out, with_gradients):
    for k, v in x.items():
        out[f"{case}/in/{k}"] = v
    tensors = {k: tf.constant(v) for k, v in x.items()}
    with tf.GradientTape() as tape:
        y = model(tensors, output_hidden_states=True, output_attentions=True, training=False)
        loss = tf.reduce_mean(y.loss if "loss" in y else y.last_hidden_state**2)
    for k, v in y.items():
        for i, t in enumerate(v) if isinstance(v, tuple) else [(None, v)]:
            out[f"{case}/out/{k}" + ("" if i is None else f".{i}")] = np.ascontiguousarray(t.numpy())
    if with_gradients:
        weights = model.trainable_weights
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            # The name of the Python object is no part of a weight's name in the file.
            name = weight.name.split("/", 1)[1].removesuffix(":0")
            out[f"{case}/grad/{name}"] = np.ascontiguousarray(tf.convert_to_tensor(gradient).numpy())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    for seed, (name, (kind, fields, is_h5, trains)) in enumerate(CASES.items()):
        tf.keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        model = getattr(transformers, kind)(transformers.ConvBertConfig(**{**SMALL, **fields}))
        model(model.dummy_inputs if name != "choice" else {"input_ids": tf.ones((1, 2, 4), tf.int32)})
        # Biases and scales away from where they start, so that every term counts.
        for weight in model.weights:
            if len(weight.shape) == 1:
                weight.assign_add(tf.constant(rng.normal(size=weight.shape) * 0.1, tf.float32))
        out = {}
        x = inputs_of(name, rng)
        record(model, "loss", x, out, True)
        if name in ("masked-lm", "token"):
            negative = dict(x, labels=np.where(x["labels"] == -100, -1, x["labels"]))
            if name == "masked-lm":
                negative["labels"][0, 0] = -100
                record(model, "negative", negative, out, False)
            else:
                record(model, "negative", dict(x, labels=np.where(x["labels"] == 0, -7, x["labels"])), out, False)
            model.config.tf_legacy_loss = True
            record(model, "legacy", x, out, False)
            if name == "token":
                record(model, "legacy-minus-one", negative, out, False)
            model.config.tf_legacy_loss = False
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(target, safe_serialization=not is_h5)
        if trains:
            batches = [inputs_of(name, rng) for _ in range(STEPS)]
            model.compile(optimizer=tf.keras.optimizers.Adam(1e-3))
            losses = []
            for batch in batches:
                given = model.train_on_batch({k: tf.constant(v) for k, v in batch.items()}, return_dict=True)
                losses.append(given["loss"])
            for k in batches[0]:
                out[f"fit/in/{k}"] = np.stack([batch[k] for batch in batches])
            out["fit/out/losses"] = np.array(losses, np.float32)
        # Files are small enough for a repository with 32-bit integers.
        save_file({k: v.astype(np.int32) if v.dtype == np.int64 else v for k, v in out.items()}, target / "cases.safetensors")
        print(name, len(out))


if __name__ == "__main__":
    main()
