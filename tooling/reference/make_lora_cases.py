"""Records LoRA adapters of small ConvBERTs and what the models answer with them:

    python make_lora_cases.py OUT.json.gz     (transformers 4.34 and peft 0.10)

Each case is a base model's files, an adapter's files (base64), inputs, and the outputs of PeftModel in float32.
"""

import base64
import gzip
import json
import pathlib
import sys
import tempfile
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import ConvBertConfig, ConvBertForMaskedLM, ConvBertForQuestionAnswering
from transformers import ConvBertForSequenceClassification, ConvBertForTokenClassification, ConvBertModel

warnings.filterwarnings("ignore")
SIZES = dict(vocab_size=30, hidden_size=16, embedding_size=8, num_hidden_layers=2, num_attention_heads=4, intermediate_size=20,
             max_position_embeddings=12, conv_kernel_size=3, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
             pad_token_id=0)
ATTENTION = ["query", "value"]


def files_of(folder):
    return {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(pathlib.Path(folder).iterdir())
            if path.name != "README.md" and path.name != "generation_config.json"}


def scramble(model, generator):
    """Every weight that an adapter can change, B included, which begins at zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
                if "magnitude" in name:
                    parameter.abs_()


def record(name, Model, base_class=None, safe=True, base_safe=True, **options):
    torch.manual_seed(len(name))
    generator = torch.Generator().manual_seed(len(name) + 1)
    config = ConvBertConfig(**SIZES, num_labels=2 if Model is ConvBertForQuestionAnswering else 3)
    with tempfile.TemporaryDirectory() as base, tempfile.TemporaryDirectory() as folder:
        (base_class or Model)(config).save_pretrained(base, safe_serialization=base_safe)
        torch.manual_seed(7)
        wrapped = get_peft_model(Model.from_pretrained(base), LoraConfig(**{"r": 4, "lora_alpha": 6, "target_modules": ATTENTION, **options}))
        scramble(wrapped, generator)
        # What it has saved counts: versions of PEFT have lost biases on the way.
        wrapped.save_pretrained(folder, safe_serialization=safe)
        wrapped = PeftModel.from_pretrained(Model.from_pretrained(base), folder).eval()
        ids = torch.tensor([[5, 6, 7, 8, 9], [3, 2, 1, 4, 9]])
        with torch.no_grad():
            output = wrapped(input_ids=ids)
        outputs = {key: {"shape": list(value.shape), "values": value.reshape(-1).tolist()} for key, value in output.items()}
        return {"name": name, "model": Model.__name__, "base": files_of(base), "adapter": files_of(folder),
                "input_ids": ids.tolist(), "outputs": outputs}


CASES = [
    record("sequence classification", ConvBertForSequenceClassification, task_type="SEQ_CLS"),
    record("a new head on a base model", ConvBertForTokenClassification, base_class=ConvBertModel, modules_to_save=["classifier"]),
    record("encoder alone, adapter in pytorch", ConvBertModel, safe=False, base_safe=False, task_type="FEATURE_EXTRACTION"),
    record("rank-stabilised", ConvBertForQuestionAnswering, task_type="QUESTION_ANS", use_rslora=True, modules_to_save=["qa_outputs"]),
    record("patterns", ConvBertForTokenClassification, modules_to_save=["classifier"], target_modules=["query", "key", "dense"],
           rank_pattern={"query": 2, "output.dense": 3}, alpha_pattern={"query": 9, "output.dense": 5}),
    record("all biases", ConvBertForTokenClassification, modules_to_save=["classifier"], bias="all"),
    record("biases of the adapted", ConvBertForTokenClassification, modules_to_save=["classifier"], bias="lora_only"),
    record("word embeddings", ConvBertForTokenClassification, modules_to_save=["classifier"], target_modules=["word_embeddings", "query"]),
    record("tied word embeddings", ConvBertForMaskedLM, base_safe=False, target_modules=["word_embeddings", "conv_out_layer"]),
    record("fan in, fan out", ConvBertForTokenClassification, modules_to_save=["classifier"], fan_in_fan_out=True),
    record("weight-decomposed", ConvBertForTokenClassification, modules_to_save=["classifier"], use_dora=True),
    record("every matrix", ConvBertForTokenClassification, modules_to_save=["classifier"], use_rslora=True,
           target_modules=["query", "key", "value", "conv_kernel_layer", "conv_out_layer", "dense", "embeddings_project"]),
]
text = json.dumps(CASES, separators=(",", ":")) + "\n"
pathlib.Path(sys.argv[1]).write_bytes(gzip.compress(text.encode(), mtime=0))
