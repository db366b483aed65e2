"""Vectors of a sentence encoder for files of texts, a line each: what `convbert train sentence-embedding --teacher` learns from.

    python teacher.py MODEL_FOLDER OUTPUT_FOLDER TEXTS... [--components 256] [--threads 1] [--float32] [--device cpu]

MODEL_FOLDER is a BERT that sentence-transformers averages over its tokens (all-MiniLM-L6-v2). The vectors, of length 1, are
turned onto the principal components of the first file's (about the origin, so that cosines survive), cut, and scaled to length
1 again; the rotation is kept. Each TEXTS/name.txt gives OUTPUT_FOLDER/name.safetensors.
"""
import argparse, pathlib, time, warnings

warnings.filterwarnings("ignore")
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("output", type=pathlib.Path)
parser.add_argument("texts", nargs="+", type=pathlib.Path)
parser.add_argument("--rotation", type=pathlib.Path, help="OUTPUT_FOLDER/rotation.safetensors by default; made where it is not there")
parser.add_argument("--components", type=int, default=256)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--device", default="cpu")
parser.add_argument("--float32", action="store_true", help="instead of bfloat16")
parser.add_argument("--max-length", type=int, default=256)
args = parser.parse_args()
torch.set_num_threads(args.threads)
tokenizer = AutoTokenizer.from_pretrained(args.model)
model = AutoModel.from_pretrained(args.model).eval().to(args.device, torch.float32 if args.float32 else torch.bfloat16)
TOKENS = 4096 if args.device == "cpu" else 65536


@torch.inference_mode()
def vectors(texts):
    rows = tokenizer(texts, truncation=True, max_length=args.max_length, return_attention_mask=False, return_token_type_ids=False).input_ids
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    result = torch.empty(len(rows), model.config.hidden_size)
    at = 0
    while at < len(order):
        end = at + 1
        while end < len(order) and len(rows[order[end]]) * (end + 1 - at) <= TOKENS:
            end += 1
        part = order[at:end]
        length = len(rows[part[-1]])
        ids = torch.tensor([rows[i] + [0] * (length - len(rows[i])) for i in part], device=args.device)
        mask = (torch.arange(length, device=args.device)[None] < torch.tensor([len(rows[i]) for i in part], device=args.device)[:, None]).long()
        hidden = model(ids, attention_mask=mask).last_hidden_state.float()
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        result[part] = torch.nn.functional.normalize(mean, dim=-1).cpu()
        at = end
    return result


def read(path):
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


args.output.mkdir(parents=True, exist_ok=True)
rotation_file = args.rotation or args.output / "rotation.safetensors"
for path in args.texts:
    target = args.output / f"{path.stem}.safetensors"
    if target.exists():
        continue
    start = time.time()
    texts = read(path)
    found = vectors(texts)
    if not rotation_file.exists():
        _, _, directions = torch.linalg.svd(found.T.double() @ found.double() / len(found))
        save_file({"rotation": directions[: args.components].float().contiguous()}, rotation_file)
    rotation = load_file(rotation_file)["rotation"]
    turned = found @ rotation.T
    kept = turned.square().sum(-1).mean().item()
    turned = torch.nn.functional.normalize(turned, dim=-1).half().contiguous()
    partial = target.with_suffix(".partial")
    save_file({"vectors": turned}, partial)
    partial.rename(target)
    print(f"{path.name}: {len(texts)} texts, {kept:.4f} of the squares kept, {time.time() - start:.0f} s", flush=True)
