"""Load the checkpoints of save_models.ts with the reference and compare its outputs with ours.

    node save_models.ts /tmp/saved && .venv/bin/python check_saved_models.py /tmp/saved

Every checkpoint must load without missing, unexpected or mismatched weights; PyTorch files also through
torch.load(weights_only=True). Outputs must agree within 1e-5 of the largest value, for 16-bit files within 1e-2 (float16) or 8e-2 (bfloat16). Ends
with exit code 1 otherwise.
"""

import argparse
import json
import logging
import pathlib
import sys

import torch
import transformers

TOLERANCES = {"float16": 1e-2, "bfloat16": 8e-2}


def check(folder):
    recorded = json.loads((folder / "check.json").read_text())
    for file in folder.glob("*.bin"):
        torch.load(file, weights_only=True)
    model, info = getattr(transformers, recorded["head"]).from_pretrained(
        folder, torch_dtype=torch.float32, output_loading_info=True
    )
    problems = [f"{key}: {value}" for key, value in info.items() if value]
    tied = model.get_output_embeddings()
    if tied is not None and model.config.tie_word_embeddings and tied.weight is not model.get_input_embeddings().weight:
        problems.append("the decoder is not tied")
    with torch.no_grad():
        outputs = model.eval()(**{key: torch.tensor(value) for key, value in recorded["inputs"].items()})
    worst = 0.0
    for field, expected in recorded["outputs"].items():
        want = torch.tensor(expected["data"]).reshape(expected["shape"])
        if outputs[field].shape != want.shape:
            problems.append(f"{field}: shape {list(outputs[field].shape)} instead of {list(want.shape)}")
            continue
        worst = max(worst, ((outputs[field] - want).abs().max() / want.abs().max()).item())
    if not worst <= TOLERANCES.get(recorded["form"].split()[0], 1e-5):
        problems.append(f"difference {worst:.1e}")
    return recorded["model"], recorded["form"], worst, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("saved", type=pathlib.Path)
    transformers.logging.set_verbosity(logging.ERROR)
    transformers.logging.disable_progress_bar()
    folders = sorted(path.parent for path in parser.parse_args().saved.glob("*/check.json"))
    forms, failed = {}, 0
    for folder in folders:
        model, form, worst, problems = check(folder)
        count, largest = forms.get(form, (0, 0.0))
        forms[form] = (count + 1, max(largest, worst))
        for problem in problems:
            print(f"{folder.name} {model}, {form}: {problem}")
        failed += bool(problems)
    for form, (count, largest) in forms.items():
        print(f"{form}: {count} models, largest relative difference {largest:.1e}")
    print(f"transformers {transformers.__version__}: {len(folders) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not folders else 0)


if __name__ == "__main__":
    main()
