"""Small ConvBERT encoders as sentence-transformers saves them, with the vectors that it gives.

    python make_sentence_models.py ../../packages/pipelines/test/fixtures/sentences

Needs `pip install sentence-transformers==3.0.1`. Each text is encoded alone: in a batch sentence-transformers pads, and
ConvBERT's convolutions see the padding.
"""
import json, pathlib, shutil, sys, tempfile, warnings

warnings.filterwarnings("ignore")
import torch
from sentence_transformers import SentenceTransformer, models
from transformers import ConvBertConfig, ConvBertModel, ConvBertTokenizer

torch.set_num_threads(1)
torch.manual_seed(7)
out = pathlib.Path(sys.argv[1])
TEXTS = ["Who wrote it?", "a good book about the sea, and about those who are on it", "sea", "the the the the the the the the the the the the the the"]
words = "[PAD] [UNK] [CLS] [SEP] [MASK] a about and are book good it on sea the those who wrote , ?".split()
base = pathlib.Path(tempfile.mkdtemp())
(base / "vocab.txt").write_text("\n".join(words) + "\n")
config = ConvBertConfig(vocab_size=len(words), hidden_size=12, embedding_size=8, num_hidden_layers=1, num_attention_heads=4, intermediate_size=16,
                        max_position_embeddings=32, initializer_range=0.3, pad_token_id=0, conv_kernel_size=3)
ConvBertModel(config).save_pretrained(base, safe_serialization=True)
ConvBertTokenizer(base / "vocab.txt", model_max_length=32).save_pretrained(base)
CASES = {
    "mean": dict(pooling="mean", modules=[models.Normalize()]),
    "dense": dict(pooling="cls", modules=[models.Dense(12, 5, activation_function=torch.nn.Tanh()), models.Dense(5, 7, bias=False, activation_function=torch.nn.Identity()), models.Normalize()]),
    "max": dict(pooling="max", modules=[]),
}
for name, case in CASES.items():
    transformer = models.Transformer(str(base), max_seq_length=10)
    model = SentenceTransformer(modules=[transformer, models.Pooling(12, pooling_mode=case["pooling"]), *case["modules"]], device="cpu")
    if name == "mean":
        model.prompts, model.default_prompt_name = {"query": "good "}, "query"
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save(str(folder), create_model_card=False)
    vectors = [model.encode([text])[0].tolist() for text in TEXTS]
    (folder / "expected.json").write_text(json.dumps({"texts": TEXTS, "vectors": vectors}) + "\n")
