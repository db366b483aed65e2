"""Make the workload `sentences` of a folder that ../reference/make_base_model.py made: 256 sentences, end to end.

    python sentences.py FOLDER --texts ../../../shared/data/sst2/dev.tsv --vocabulary VOCAB.txt

FOLDER receives vocab.txt, tokenizer.json and tokenizer_config.json, as the reference saves a tokenizer, and

    sentences.json            {"texts": [...], "tokens": the number of tokens, special ones included}
    sentences.safetensors     "alone" [texts, hidden_size]: the mean of each text's last_hidden_state, run by itself
                              "padded": the same where all texts run as one batch, padded to the longest. ConvBERT's
                              convolutions see the padding, so the two differ; an engine is held to what it does.
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import ConvBertModel, ConvBertTokenizerFast

parser = argparse.ArgumentParser(description="the workload of 256 sentences")
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--texts", type=pathlib.Path, required=True, help="lines of `text<TAB>label`")
parser.add_argument("--vocabulary", type=pathlib.Path, required=True)
parser.add_argument("--count", type=int, default=256)
arguments = parser.parse_args()

lines = arguments.texts.read_text(encoding="utf8").splitlines()
texts = [line.split("\t")[0] for line in lines if line.strip()][: arguments.count]
tokenizer = ConvBertTokenizerFast(str(arguments.vocabulary), do_lower_case=True, model_max_length=512)
tokenizer.save_pretrained(arguments.folder)
model = ConvBertModel.from_pretrained(arguments.folder).eval()


def means(batch):
    encoded = tokenizer(batch, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**encoded).last_hidden_state
    mask = encoded.attention_mask[:, :, None]
    return (states * mask).sum(1) / mask.sum(1), int(mask.sum())


alone = [means([text]) for text in texts]
padded, tokens = means(texts)
save_file({"alone": torch.cat([mean for mean, _ in alone]), "padded": padded}, arguments.folder / "sentences.safetensors")
(arguments.folder / "sentences.json").write_text(json.dumps({"texts": texts, "tokens": tokens}) + "\n", encoding="utf8")
print(f"{len(texts)} sentences, {tokens} tokens")
