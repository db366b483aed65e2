import type { WeightFormat } from "../format.js";

/** Graphs of floats, as optimum and PyTorch's exporters name them; what is quantised is another matter. */
const names = (variant?: string) =>
  variant === undefined ? ["onnx/model.onnx", "model.onnx"] : [`onnx/model_${variant}.onnx`, `model_${variant}.onnx`];

/** An ONNX graph, whose constants are the weights; `variant` "fp16" takes `model_fp16.onnx`. */
export const onnx = {
  name: "onnx",
  title: "ONNX",
  fileNames: names,
  async find(files, { variant }) {
    for (const name of names(variant)) {
      if (await files.has(name)) return name;
    }
    return undefined;
  },
  owns: (name) => /^(onnx\/)?model(_\w+)?\.onnx(_data)?$/.test(name),
  writes: false,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;
