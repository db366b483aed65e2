"""Rust tokenizers through their Python binding, answering the requests of ../contenders.ts: a JSON line each.

RAYON_NUM_THREADS is set by the caller. Only `encode_batch` is timed; turning its ids into Python lists is not.
"""
import json
import sys
import time

import tokenizers

for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "load":
        start = time.perf_counter()
        tokenizer = tokenizers.Tokenizer.from_file(request["file"])
        reply = {"version": f"tokenizers {tokenizers.__version__}, Python {sys.version.split()[0]}", "ms": (time.perf_counter() - start) * 1000}
    elif request["op"] == "prepare":
        texts = request["texts"]
        reply = {"ids": [encoding.ids for encoding in tokenizer.encode_batch(texts)]}
    else:
        start = time.perf_counter()
        encodings = tokenizer.encode_batch(texts)
        reply = {"ms": (time.perf_counter() - start) * 1000}
        del encodings
    print(json.dumps(reply), flush=True)
