import { GraphBuilder } from "./graph/builder.js";
import { layOut, wholeFile } from "./graph/model-proto.js";
import { product } from "./graph/product.js";
import { floatArray, type OnnxRuntime, type OnnxTensor } from "./runtime.js";

/** Large enough to be quantised. */
const SIZE = 256;

/**
 * Whether the runtime's products of signed 8-bit weights overflow on this machine: without VNNI, pairs of products are added
 * in 16 bits. A product of the largest numbers tells.
 * @param session options of the session that is to be made: its provider does the product.
 */
export async function signedProductsOverflow(runtime: OnnxRuntime, session: object): Promise<boolean> {
  const g = new GraphBuilder({ operators: "fused", floats: "float32", integers: "int8" });
  const x = g.input("x", "float32", [1, SIZE]);
  const read = () => new Float32Array(SIZE * SIZE).fill(1);
  g.output("y", product(g, x, { name: "ones", outputs: SIZE, inputs: SIZE, read, holds: [] }), [1, SIZE]);
  const { nodes, initializers, inputs, outputs } = g;
  const graph = { name: "probe", nodes, initializers, inputs, outputs, opsets: { "": 18, "com.microsoft": 1 } };
  const probe = await runtime.InferenceSession.create(wholeFile(layOut(graph).model), session as never);
  try {
    const feed = new runtime.Tensor("float32" as never, new Float32Array(SIZE).fill(1) as never, [1, SIZE]);
    const { y } = (await probe.run({ x: feed } as never)) as { y: OnnxTensor };
    return floatArray("y", y).data.some((value) => Math.abs(value - SIZE) > SIZE / 100);
  } finally {
    await probe.release();
  }
}
