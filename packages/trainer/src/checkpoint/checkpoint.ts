import { modelFiles, readSafetensors, WeightsError, writeSafetensors } from "@convbert/converter";
import { type FileContents, type FileSet, FilesError } from "@convbert/files";
import type { ConvBertPreTrainedModel } from "@convbert/model";
import { parameterTensors, savedConfig } from "@convbert/nn/internal";
import type { ParameterOptimizer } from "../optimize/parameter-optimizer.js";
import { TrainerCheckpointError } from "./error.js";
import { continuedState, type Fingerprint, stateFromJson, stateToJson, type TrainerState } from "./state.js";
import type { CheckpointStorage } from "./storage.js";

const OPTIMIZER_FILE = "optimizer.safetensors";
const STATE_FILE = "trainer_state.json";

/** What a checkpoint takes of a model: its weights and its configuration, so that it can be loaded like any model. */
type SavedModel = Pick<ConvBertPreTrainedModel, "parameters" | "config" | "modelName">;

/** Writes weights, the optimizer's state and the run's state as one unit. */
export async function writeCheckpoint(
  storage: CheckpointStorage,
  name: string,
  model: SavedModel,
  optimizer: ParameterOptimizer,
  state: TrainerState,
  options: Fingerprint,
): Promise<void> {
  const means = [...optimizer.state()].map(({ name, shape, read }) => ({
    name,
    shape,
    dtype: "F32" as const,
    data: read,
  }));
  const weights = parameterTensors(model.parameters(), "float32");
  const { files: ofModel } = await modelFiles(savedConfig(model, "float32"), weights, {
    maxShardSize: Number.MAX_SAFE_INTEGER,
  });
  const files: [string, FileContents][] = [
    ...ofModel,
    [OPTIMIZER_FILE, writeSafetensors(means, { metadata: { optimizer: optimizer.name } })],
    [STATE_FILE, stateToJson(state, options)],
  ];
  await storage.write(name, files);
}

/**
 * Sets model and optimizer to where a checkpoint has them and gives the run's state. Throws TrainerCheckpointError when it is
 * damaged or belongs to another run; model and optimizer may then hold parts of it. `isExtended`: the run was done, and has
 * more steps now.
 */
export async function readCheckpoint(
  storage: CheckpointStorage,
  name: string,
  model: SavedModel,
  optimizer: ParameterOptimizer,
  options: Fingerprint,
): Promise<{ readonly state: TrainerState; readonly isExtended: boolean }> {
  return reading(storage, name, async (files) => {
    const continued = continuedState(stateFromJson(await files.readText(STATE_FILE), name), options, name);
    await readWeights(files, name, model);
    const expected = new Map([...optimizer.state()].map(({ name, shape }) => [name, { name, shape }]));
    await eachTensor(files, OPTIMIZER_FILE, name, expected, (tensor, values) => {
      optimizer.restore(tensor, values);
    });
    optimizer.stepsTaken = continued.state.updates;
    return continued;
  });
}

/** Sets the model's weights alone to a checkpoint's. Throws TrainerCheckpointError. */
export async function readCheckpointWeights(
  storage: CheckpointStorage,
  name: string,
  model: SavedModel,
): Promise<void> {
  await reading(storage, name, (files) => readWeights(files, name, model));
}

async function reading<T>(storage: CheckpointStorage, name: string, work: (files: FileSet) => Promise<T>): Promise<T> {
  try {
    const files = await storage.read(name);
    try {
      return await work(files);
    } finally {
      await files.close();
    }
  } catch (error) {
    if (!(error instanceof FilesError || error instanceof WeightsError)) throw error;
    throw new TrainerCheckpointError("damaged", `${name} in ${storage.location}`, error.message, error);
  }
}

async function readWeights(files: FileSet, name: string, model: SavedModel): Promise<void> {
  const parameters = new Map([...model.parameters()].map((parameter) => [parameter.name, parameter]));
  for (const [key, { tiedTo }] of parameters) if (tiedTo !== undefined) parameters.delete(key);
  await eachTensor(files, "model.safetensors", name, parameters, (tensor, values) => {
    parameters.get(tensor)!.write(0, values);
  });
}

/** Reads exactly the tensors that are expected. */
async function eachTensor(
  files: FileSet,
  file: string,
  checkpoint: string,
  expected: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  use: (name: string, values: Float32Array) => void,
): Promise<void> {
  const opened = await files.open(file);
  const reader = await readSafetensors(opened).catch(async (error: unknown) => {
    await opened.close();
    throw error;
  });
  try {
    for (const [name, { shape }] of expected) {
      const found = reader.tensors.get(name);
      if (found === undefined || found.dtype !== "F32" || found.shape.join() !== shape.join()) {
        const has = found === undefined ? "is not there" : `is ${found.dtype} [${found.shape.join(", ")}]`;
        throw new TrainerCheckpointError(
          "mismatch",
          checkpoint,
          `${name} in ${file} ${has}; wanted F32 [${shape.join(", ")}]`,
        );
      }
    }
    if (reader.tensors.size !== expected.size) {
      const foreign = [...reader.tensors.keys()].find((name) => !expected.has(name));
      throw new TrainerCheckpointError("mismatch", checkpoint, `${foreign} in ${file} is no tensor of this model`);
    }
    for (const name of expected.keys()) {
      use(name, (await reader.read(name)) as Float32Array);
    }
  } finally {
    await reader.close();
  }
}
