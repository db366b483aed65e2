import type { WeightsReader } from "../../types.js";
import type { FormatCode } from "../format.js";
import { renamedReader } from "../names.js";
import { code as safetensors } from "../safetensors/code.js";
import { storedTensors } from "../tensorflow/code.js";
import { isBaseModel, tensorflowNames } from "../tensorflow/names.js";

const adopt = (reader: WeightsReader): WeightsReader =>
  renamedReader(reader, tensorflowNames(isBaseModel(reader.tensors.keys())), "tensorflow-safetensors");

export const code: FormatCode = {
  open: async (files, name, options) => adopt(await safetensors.open(files, name, options)),
  adopt,
  write: (tensors, options) =>
    safetensors.write!(storedTensors([...tensors]), { ...options, metadata: { ...options.metadata, format: "tf" } }),
};
