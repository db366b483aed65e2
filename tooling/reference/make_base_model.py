"""Make a ConvBERT of a published size with random weights, its expected outputs, and its ONNX exports.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python make_base_model.py FOLDER [--size base] [--seed 0] [--shapes 1x16,1x128] [--no-onnx]

FOLDER receives what the reference and transformers.js would lay there:

    config.json, model.safetensors, pytorch_model.bin    the checkpoint, as save_pretrained writes it
    cases.safetensors, cases.json                        "<shape>/in/<argument>" and "<shape>/out/last_hidden_state",
                                                         the layout that `convbert verify` reads
    onnx/model.onnx                                      the same graph in float32, batch and sequence axes dynamic
    onnx/model_quantized.onnx                            dynamic int8 as transformers.js makes it of a graph with
                                                         convolutions ("q8": unsigned weights, convolutions too)
    onnx/model_int8.onnx                                 dynamic int8 as onnxruntime runs it fastest (signed weights,
                                                         matrix products and embeddings only)

Biases and LayerNorms are randomised too: the reference's own initialisation leaves them at 0 and 1, where an engine
that forgets one would still pass.
"""

import argparse
import json
import logging
import pathlib
import warnings

import torch
from safetensors.torch import save_file
from transformers import ConvBertConfig, ConvBertModel

# The sizes of the published checkpoints YituTech/conv-bert-{small,medium-small,base}.
SIZES = {
    "small": dict(hidden_size=256, embedding_size=128, num_attention_heads=4, intermediate_size=1024),
    "medium-small": dict(hidden_size=384, embedding_size=128, num_attention_heads=8, intermediate_size=1536, num_groups=2),
    "base": dict(hidden_size=768, embedding_size=768, num_attention_heads=12, intermediate_size=3072),
}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
DYNAMIC_AXES = {name: {0: "batch_size", 1: "sequence_length"} for name in (*INPUTS, "last_hidden_state")}


def make_model(size, seed):
    torch.manual_seed(seed)
    model = ConvBertModel(ConvBertConfig(**SIZES[size], pad_token_id=0)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.02)
            elif name.endswith("LayerNorm.weight"):
                parameter.normal_(mean=1, std=0.1)
    return model


def make_inputs(model, batch, length, generator):
    """Full-length sequences of random words, the second half of each a second segment."""
    return dict(
        input_ids=torch.randint(1, model.config.vocab_size, (batch, length), generator=generator),
        attention_mask=torch.ones(batch, length, dtype=torch.long),
        token_type_ids=(torch.arange(length) >= length // 2).long().repeat(batch, 1),
    )


def write_cases(model, shapes, seed, folder):
    generator = torch.Generator().manual_seed(seed)
    cases = {}
    for batch, length in shapes:
        inputs = make_inputs(model, batch, length, generator)
        with torch.inference_mode():
            output = model(**inputs).last_hidden_state
        case = f"{batch}x{length}"
        cases |= {f"{case}/in/{name}": value for name, value in inputs.items()}
        cases[f"{case}/out/last_hidden_state"] = output.contiguous()
    save_file(cases, folder / "cases.safetensors")
    (folder / "cases.json").write_text(json.dumps({f"{b}x{t}": {} for b, t in shapes}, indent=1) + "\n")
    return cases


def export_onnx(model, cases, shapes, folder):
    """The TorchScript exporter, as optimum uses it for transformers.js; transformers 4.34 predates torch.export."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(exist_ok=True)
    example = tuple(cases[f"{shapes[0][0]}x{shapes[0][1]}/in/{name}"] for name in INPUTS)
    plain = folder / "model.onnx"
    torch.onnx.export(model, example, plain, input_names=list(INPUTS), output_names=["last_hidden_state"],
                      dynamic_axes=DYNAMIC_AXES, opset_version=17, dynamo=False)
    unsigned, signed = folder / "model_quantized.onnx", folder / "model_int8.onnx"
    quantize_dynamic(plain, unsigned, weight_type=QuantType.QUInt8)
    # No convolutions here: onnxruntime has no kernel for them with signed weights.
    quantize_dynamic(plain, signed, op_types_to_quantize=["MatMul", "Gather"], weight_type=QuantType.QInt8)

    for path, bound in ((plain, 1e-4), (unsigned, 0.1), (signed, 0.1)):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for batch, length in shapes:
            case = f"{batch}x{length}"
            feeds = {name: cases[f"{case}/in/{name}"].numpy() for name in INPUTS}
            expected = cases[f"{case}/out/last_hidden_state"]
            error = (torch.from_numpy(session.run(None, feeds)[0]) - expected).norm() / expected.norm()
            print(f"{path.name} {case}: relative error {error:.2e}", flush=True)
            if not error <= bound:
                raise SystemExit(f"{path} differs from PyTorch at {case}: relative error {error:.2e} above {bound}")


def parse_shape(text):
    batch, length = text.split("x")
    return int(batch), int(length)


def main():
    parser = argparse.ArgumentParser(description="ConvBERT with random weights, expected outputs and ONNX exports")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shapes", default="1x16,1x128,8x128,1x512", help="BATCHxLENGTH, separated by commas")
    parser.add_argument("--no-onnx", action="store_true", help="leave out the ONNX exports")
    arguments = parser.parse_args()
    try:
        shapes = [parse_shape(shape) for shape in arguments.shapes.split(",")]
    except ValueError:
        parser.error("--shapes takes BATCHxLENGTH, separated by commas, such as 1x16,8x128")

    # What the tracer says of the reference's own `if`s, and the quantiser of its missing shape inference, is expected.
    warnings.filterwarnings("ignore")
    logging.getLogger().setLevel(logging.ERROR)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = make_model(arguments.size, arguments.seed)
    model.save_pretrained(arguments.folder, safe_serialization=False)
    model.save_pretrained(arguments.folder, safe_serialization=True)
    cases = write_cases(model, shapes, arguments.seed + 1, arguments.folder)
    if not arguments.no_onnx:
        export_onnx(model, cases, shapes, arguments.folder / "onnx")


if __name__ == "__main__":
    main()
