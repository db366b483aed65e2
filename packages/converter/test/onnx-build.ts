import { ProtoWriter } from "../src/protobuf/writer.js";

/** A constant of a graph. */
export interface Constant {
  readonly name: string;
  readonly type?: number;
  readonly shape: readonly number[];
  readonly bytes?: Uint8Array;
  readonly entries?: Readonly<Record<string, string>>;
}

/** A graph with constants and nodes `[type, inputs, outputs]`. */
export function graph(
  constants: readonly Constant[],
  nodes: readonly [string, string[], string[]][] = [],
  metadata: readonly (readonly [string, string])[] = [],
): Uint8Array {
  const body = new ProtoWriter();
  for (const [type, inputs, outputs] of nodes) {
    const node = new ProtoWriter();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    body.message(1, node.text(4, type));
  }
  for (const { name, type = 1, shape, bytes, entries = {} } of constants) {
    const tensor = new ProtoWriter().integers(1, shape).integer(2, type).text(8, name);
    if (bytes !== undefined) tensor.bytes(9, bytes);
    for (const [key, value] of Object.entries(entries)) {
      tensor.message(13, new ProtoWriter().text(1, key).text(2, value));
    }
    body.message(5, tensor);
  }
  const model = new ProtoWriter().integer(1, 8).message(7, body);
  for (const [key, value] of metadata) model.message(14, new ProtoWriter().text(1, key).text(2, value));
  return model.finish();
}

export const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
