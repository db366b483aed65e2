"""The reference in PyTorch, answering the requests of ../contender.ts (see serve.ts for their form)."""

import base64
import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")


def peak_bytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def load(request):
    global torch, model, tokenizer
    import torch
    import transformers

    torch.set_num_threads(request["threads"])
    model = transformers.ConvBertModel.from_pretrained(request["model"]).eval()
    if request["task"] == "sentences":
        tokenizer = transformers.ConvBertTokenizerFast.from_pretrained(request["model"])
    return f"PyTorch {torch.__version__}, transformers {transformers.__version__}"


def run():
    with torch.inference_mode():
        if "arrays" in inputs:
            return model(**arrays).last_hidden_state
        # A text at a time: padded batches take longer here, and give other numbers.
        states = (model(**tokenizer(text, return_tensors="pt")).last_hidden_state for text in inputs["texts"])
        return torch.cat([state.mean(1) for state in states])


for line in sys.stdin:
    request = json.loads(line)
    start = time.perf_counter()
    if request["op"] == "load":
        reply = dict(version=load(request), loadMs=(time.perf_counter() - start) * 1000, peakBytes=peak_bytes())
    elif request["op"] == "prepare":
        inputs = request["inputs"]
        arrays = {name: torch.tensor(x["data"]).view(x["shape"]) for name, x in inputs.get("arrays", {}).items()}
        output = run()
        reply = dict(output=base64.b64encode(output.numpy().tobytes()).decode(), shape=list(output.shape))
    else:
        run()
        reply = dict(ms=(time.perf_counter() - start) * 1000, peakBytes=peak_bytes())
    print(json.dumps(reply), flush=True)
