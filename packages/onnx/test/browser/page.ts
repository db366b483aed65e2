import { ONNX_MODEL_CLASSES, type OnnxConvBertForSequenceClassification } from "@convbert/onnx";
import * as ort from "onnxruntime-web/webgpu";

// What a page does with the package as it is published, on WebGPU.

/** An array as it goes to the page and back. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface Asked {
  /** Address of the model's folder. */
  readonly folder: string;
  readonly modelName: string;
  readonly inputs: Readonly<Record<string, Plain>>;
  readonly sequences: readonly (readonly number[])[];
}

/** Outputs of `forward` by name, and of each sequence of `forwardRagged`. */
export type Answer = readonly Readonly<Record<string, Plain>>[];

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<object | null> } };
  return ((await gpu?.requestAdapter()) ?? null) !== null;
}

async function answer({ folder, modelName, inputs, sequences }: Asked): Promise<Answer> {
  ort.env.wasm.wasmPaths = "/runtime/";
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const Model = ONNX_MODEL_CLASSES[
    modelName as keyof typeof ONNX_MODEL_CLASSES
  ] as unknown as typeof OnnxConvBertForSequenceClassification;
  using model = await Model.fromPretrained(folder, { runtime: ort, session: { executionProviders: ["webgpu"] } });
  const results = [
    await model.forward(inputs as never),
    ...(await model.forwardRagged({ sequences: sequences as never })),
  ] as unknown as Record<string, { shape: number[]; data: Float32Array }>[];
  return results.map((result) =>
    Object.fromEntries(
      Object.entries(result).map(([name, { shape, data }]) => [name, { shape: [...shape], data: Array.from(data) }]),
    ),
  );
}

Object.assign(globalThis, { convbert: { hasAdapter, answer } });
