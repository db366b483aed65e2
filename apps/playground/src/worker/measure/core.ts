import { loadModel } from "@convbert/heads";
import { firstOutput, type Prepare } from "./runtime.js";

/** The project's own kernels. */
export const prepareCore: Prepare = async (files, head, { dtype, threads }) => {
  const model = await loadModel(files, { head, dtype, threads, onWarning: () => undefined });
  return {
    backend: model.backend.description,
    run: async (inputIds) => firstOutput(await model.forward({ input_ids: inputIds as number[][] })),
    [Symbol.dispose]: () => model.dispose(),
  };
};
