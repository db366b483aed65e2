"""Load the models of save_tfjs_models.ts with the reference's TensorFlow classes and compare the outputs.

    node save_tfjs_models.ts /tmp/saved && .venv/bin/python check_tfjs_models.py /tmp/saved

Every one must load without missing or unexpected weights, and agree within 1e-5 of the largest value. Ends with exit code
1 otherwise. Needs tensorflow-cpu==2.14.1 beside requirements.txt.
"""

import argparse
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import transformers


def check(folder):
    recorded = json.loads((folder / "check.json").read_text())
    model, info = getattr(transformers, recorded["name"]).from_pretrained(folder, output_loading_info=True)
    # Keras numbers dropout layers as they are made, and misses those that a file numbers otherwise; they have no weights.
    found = {key: [name for name in names if not str(name).startswith("dropout")] for key, names in info.items()}
    problems = [f"{key}: {value}" for key, value in found.items() if value]
    outputs = model(tf.constant(recorded["input_ids"]), training=False)
    for field, expected in recorded["outputs"].items():
        want, got = np.array(expected, np.float32), outputs[field].numpy()
        if want.shape != got.shape or np.abs(want - got).max() > 1e-5 * np.abs(want).max():
            problems.append(f"{field} differs")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folders = sorted(path.parent for path in parser.parse_args().folder.glob("*/check.json"))
    failed = 0
    for folder in folders:
        problems = check(folder)
        failed += bool(problems)
        print(folder.name, "; ".join(problems) or "ok")
    sys.exit(1 if failed or not folders else 0)


if __name__ == "__main__":
    main()
