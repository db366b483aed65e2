"""Export models to ONNX with both of PyTorch's exporters: what `@convbert/converter` brings home.

    python make_onnx_exports.py FOLDER OUTPUT [--float16] [--external]

FOLDER is a checkpoint as save_pretrained writes it; OUTPUT receives `torchscript.onnx` and `dynamo.onnx` (opset 18),
with weights in float16, or beside the graph, where asked for.
"""

import argparse
import pathlib
import warnings

import onnx
import torch
import transformers

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def main():
    parser = argparse.ArgumentParser(description="ConvBERT through PyTorch's ONNX exporters")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--float16", action="store_true", help="weights in float16")
    parser.add_argument("--external", action="store_true", help="weights beside the graph")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    config = transformers.ConvBertConfig.from_pretrained(arguments.folder)
    model = getattr(transformers, config.architectures[0]).from_pretrained(arguments.folder).eval()
    model.config.return_dict = False
    if arguments.float16:
        model = model.half()
    arguments.output.mkdir(parents=True, exist_ok=True)
    ids = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12]] * 2)
    example = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    axes = {0: "batch", 1: "length"}
    sizes = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
    for name, dynamo in (("torchscript", False), ("dynamo", True)):
        path = arguments.output / f"{name}.onnx"
        free = dict(dynamic_shapes=tuple(sizes for _ in INPUTS)) if dynamo else dict(dynamic_axes={name: axes for name in INPUTS})
        torch.onnx.export(model, example, path, input_names=list(INPUTS), opset_version=18, dynamo=dynamo, **free,
                          **({"external_data": False} if dynamo else {}))
        if arguments.external:
            onnx.save_model(onnx.load(path), path, save_as_external_data=True, all_tensors_to_one_file=True,
                            location=f"{name}.onnx_data", size_threshold=64)


if __name__ == "__main__":
    main()
