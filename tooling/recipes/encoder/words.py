"""Word embeddings that a small encoder starts from, out of a sentence encoder's.

    python words.py MODEL_FOLDER OUTPUT.safetensors TEXTS... [--size 128] [--rotation rotation.safetensors]

Each token of the vocabulary is described by the vector that the encoder gives to it alone and by its own word embedding; the
principal components of both, tokens counting by the root of how often they occur in the texts, are the table. It is for
`convbert train sentence-embedding --init-embeddings`, which only turns and scales it.
"""
import argparse, pathlib, warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("texts", nargs="+", type=pathlib.Path)
parser.add_argument("--size", type=int, default=128)
parser.add_argument("--own", type=float, default=0.5, help="weight of the word embeddings beside the vectors")
args = parser.parse_args()
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(args.model)
model = AutoModel.from_pretrained(args.model).eval()
own = model.embeddings.word_embeddings.weight.detach()
rows = len(own)
counts = np.zeros(rows)
for path in args.texts:
    for ids in tokenizer(path.read_text(encoding="utf-8").split("\n")[:100000], add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False).input_ids:
        np.add.at(counts, ids, 1)
alone = torch.empty(rows, own.shape[1])
with torch.inference_mode():
    half = model.to(torch.bfloat16)
    for start in range(0, rows, 1024):
        ids = torch.arange(start, min(rows, start + 1024))
        batch = torch.stack([torch.full_like(ids, tokenizer.cls_token_id), ids, torch.full_like(ids, tokenizer.sep_token_id)], 1)
        alone[ids] = torch.nn.functional.normalize(half(batch).last_hidden_state.float().mean(1), dim=-1)
weights = torch.tensor(np.sqrt(counts) + 0.05, dtype=torch.float64)
weights /= weights.sum()


def standard(table):
    table = table.double() - (weights[:, None] * table.double()).sum(0)
    return table / (weights[:, None] * table.square()).sum().sqrt()


both = torch.cat([standard(alone), args.own * standard(own)], 1)
values, directions = torch.linalg.eigh((both * weights[:, None]).T @ both)
kept = both @ directions.flip(1)[:, : args.size]
print("variance kept:", (values.flip(0)[: args.size].sum() / values.sum()).item())
# A token that is hardly ever seen must not be far from all others.
kept *= torch.clamp(3 / kept.norm(dim=1, keepdim=True).clamp(min=1e-9), max=1)
save_file({"embeddings.word_embeddings.weight": kept.float().contiguous()}, args.output)
