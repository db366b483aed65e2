import { readSafetensors, type WeightsReader } from "@convbert/converter";
import { type FileSet, type ModelSource, openFiles } from "@convbert/files";
import { InputError } from "@convbert/model";
import { ParameterBuffers } from "@convbert/nn";
import { Tape } from "@convbert/tensor";
import { ConvBertWithHead } from "./head.js";
import type { AnyConvBert } from "./registry.js";

/** How one recorded value compares. */
export interface FieldComparison {
  readonly case: string;
  /** As recorded: "logits", "hidden_states.2", "grad/classifier.weight". */
  readonly field: string;
  /** Largest absolute difference of an element; NaN where shapes or NaNs differ, null where the model has no such field. */
  readonly max_abs_diff: number | null;
  /** Largest absolute recorded value that is finite. */
  readonly max_abs_expected: number;
  /** Whether it matches. */
  readonly ok: boolean;
  /** Why it does not match, where that is not a matter of size. */
  readonly reason?: string;
}

export interface VerifyOptions {
  /**
   * Largest difference allowed, relative to the field's largest recorded value (of a gradient, at least a tenth of the
   * case's largest gradient); 1e-5 by default.
   */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/**
 * Runs recorded cases through a model and compares every recorded field, element by element. The file holds tensors
 * `<case>/in/<argument>`, `<case>/out/<field>` (`<field>.<i>` for the parts of a tuple) and `<case>/grad/<parameter>`;
 * a `cases.json` beside it has the scalar arguments of each case (`problem_type`). A parameter's gradient
 * is that of the case's loss, without dropout.
 * Throws FilesError or WeightsError for an unreadable file and InputError for one without cases.
 */
export async function* verifyCases(
  model: AnyConvBert,
  folder: ModelSource,
  fileName = "cases.safetensors",
  options: VerifyOptions = {},
): AsyncGenerator<FieldComparison> {
  const { tolerance = 1e-5, signal } = options;
  const files = await openFiles(folder);
  let reader: WeightsReader | null = null;
  try {
    reader = await openCases(files, fileName);
    const scalars = await readScalars(files, fileName.replace(/\.safetensors$/, ".json"));
    const cases = groupCases(reader, fileName);
    for (const [name, recorded] of cases) {
      signal?.throwIfAborted();
      const inputs: Record<string, unknown> = {};
      for (const argument of recorded.in) {
        inputs[argument] = await readValues(reader, `${name}/in/${argument}`);
      }
      const problem = scalars.get(name)?.["problem_type"];
      const call = {
        ...inputs,
        ...(typeof problem === "string" && { problem_type: problem }),
        output_attentions: true,
        output_hidden_states: true,
      } as Parameters<AnyConvBert["forward"]>[0];
      const outputs = await model.forward(call, signal ? { signal } : {});
      for (const field of recorded.out) {
        const expected = await readValues(reader, `${name}/out/${field}`);
        yield compare(
          name,
          field,
          expected,
          outputField(outputs as unknown as Record<string, unknown>, field),
          tolerance,
        );
      }
      if (recorded.grad.length > 0) {
        using gradients = await lossGradients(model, call, signal);
        const expected: [string, Values][] = [];
        for (const parameter of recorded.grad) {
          expected.push([parameter, await readValues(reader, `${name}/grad/${parameter}`)]);
        }
        const floor = CANCELLING * Math.max(...expected.map(([, values]) => largest(values)));
        for (const [parameter, values] of expected) {
          yield compare(name, `grad/${parameter}`, values, gradients?.get(parameter), tolerance, floor);
        }
      }
    }
  } finally {
    await reader?.close();
    if (files !== folder) {
      await files.close();
    }
  }
}

/** Gradients of a case's loss by parameter; null for a model that has no loss. */
async function lossGradients(
  model: AnyConvBert,
  inputs: Parameters<AnyConvBert["forward"]>[0],
  signal: AbortSignal | undefined,
): Promise<({ get(name: string): Values | undefined } & Disposable) | null> {
  if (!(model instanceof ConvBertWithHead)) {
    return null;
  }
  const buffers = new ParameterBuffers(model.backend, model.parameters());
  try {
    using tape = new Tape(model.backend, buffers.store);
    using loss = await model.trainingLoss(inputs, { tape, signal });
    tape.backward(loss);
  } catch (error) {
    buffers.dispose();
    throw error;
  }
  return {
    get: (name) => {
      const parameter = model.parameter(name);
      return parameter && { shape: parameter.shape, data: buffers.slot(parameter.tiedTo ?? name).read() };
    },
    [Symbol.dispose]: () => buffers.dispose(),
  };
}

async function openCases(files: FileSet, fileName: string): Promise<WeightsReader> {
  const file = await files.open(fileName);
  try {
    return await readSafetensors(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Some gradients are zero but for rounding (a key's bias adds the same to all of a query's scores), so that nothing of
 * them can agree. They are compared relative to this part of the case's largest gradient.
 */
const CANCELLING = 0.1;

type Kind = "in" | "out" | "grad";

const NAMES = 'expected tensors named "<case>/in/<argument>" and "<case>/out/<field>"';

function groupCases(reader: WeightsReader, fileName: string): Map<string, Record<Kind, string[]>> {
  const cases = new Map<string, Record<Kind, string[]>>();
  for (const tensor of reader.tensors.keys()) {
    const match = /^(.*?)\/(in|out|grad)\/(.+)$/.exec(tensor);
    if (match === null) {
      // A misspelt name would be a value that is never compared.
      throw new InputError(fileName, `the tensor ${JSON.stringify(tensor)} is none of a case: ${NAMES}`);
    }
    const [, name, kind, rest] = match as unknown as [string, string, Kind, string];
    const recorded = cases.get(name) ?? { in: [], out: [], grad: [] };
    cases.set(name, recorded);
    recorded[kind].push(rest);
  }
  const empty = [...cases].find(([, recorded]) => recorded.in.length === 0 || recorded.out.length === 0);
  if (cases.size === 0 || empty !== undefined) {
    throw new InputError(
      fileName,
      `${empty ? `${JSON.stringify(empty[0])} lacks inputs or outputs` : "no cases"}: ${NAMES}`,
    );
  }
  return cases;
}

/** Scalar arguments by case. Throws InputError with the file's name unless it is an object of objects. */
async function readScalars(files: FileSet, name: string): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  if (!(await files.has(name))) {
    return new Map();
  }
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  let json: unknown;
  try {
    json = JSON.parse(await files.readText(name));
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new InputError(name, `not valid JSON: ${cause.message}`, { cause });
    }
    throw cause;
  }
  if (!isObject(json) || !Object.values(json as object).every(isObject)) {
    throw new InputError(name, 'expected an object of objects, { "<case>": { "problem_type": "regression" } }');
  }
  return new Map(Object.entries(json as Record<string, Record<string, unknown>>));
}

async function readValues(reader: WeightsReader, name: string): Promise<Values> {
  return { shape: reader.tensors.get(name)!.shape, data: await reader.read(name) };
}

function outputField(outputs: Record<string, unknown>, field: string): Values | undefined {
  const [name, index] = field.split(/\.(?=\d+$)/) as [string, string?];
  const output = outputs[name];
  const value = index === undefined ? output : (output as unknown[] | undefined)?.[Number(index)];
  return typeof value === "number" ? { shape: [], data: [value] } : (value as Values | undefined);
}

function largest({ data }: Values): number {
  let result = 0;
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(Number(data[i]));
    if (magnitude > result && magnitude < Infinity) {
      result = magnitude;
    }
  }
  return result;
}

function compare(
  name: string,
  field: string,
  expected: Values,
  actual: Values | undefined,
  tolerance: number,
  floor = 0,
): FieldComparison {
  const result = { case: name, field, max_abs_expected: largest(expected) };
  if (actual === undefined) {
    return { ...result, max_abs_diff: null, ok: false, reason: "the model does not return this field" };
  }
  if (actual.shape.join() !== expected.shape.join()) {
    const shapes = `[${actual.shape.join(", ")}] instead of [${expected.shape.join(", ")}]`;
    return { ...result, max_abs_diff: Number.NaN, ok: false, reason: `shape ${shapes}` };
  }
  let difference = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const want = Number(expected.data[i]);
    const got = Number(actual.data[i]);
    if (Number.isNaN(want) && Number.isNaN(got)) {
      continue;
    }
    const gap = want === got ? 0 : Math.abs(want - got);
    if (!Number.isFinite(gap)) {
      return { ...result, max_abs_diff: Number.NaN, ok: false, reason: `${got} instead of ${want} at element ${i}` };
    }
    difference = Math.max(difference, gap);
  }
  return {
    ...result,
    max_abs_diff: difference,
    ok: difference <= tolerance * Math.max(floor, result.max_abs_expected),
  };
}
