import { differentiable, type Recorded } from "../autograd/tape.js";
import type { Sequences } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";
import { expectTokens } from "./sequences.js";

/**
 * Largest value of each column over the tokens of each sequence: `[tokens, size]` to `[sequences, size]`
 * (`x.max(dim=1)`). Of equals the first gets the gradient. Throws ShapeError for a sequence without tokens.
 */
export function sequenceMax(input: Tensor, sequences: Sequences): Recorded<Tensor<"float32">> {
  const x = expectDType("sequenceMax", input, "float32");
  expectTokens("sequenceMax", x, sequences);
  const { offsets } = sequences;
  const count = offsets.length - 1;
  const size = x.extent(-1);
  const output = Tensor.allocate(x.backend, [count, size]);
  const from = x.array.data;
  const { offset, stride } = x.matrix();
  const to = output.data;
  const tokens = new Int32Array(count * size);
  for (let sequence = 0; sequence < count; sequence++) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    if (end === start) throw new ShapeError("sequenceMax", `a token in sequence ${sequence}`, x.shape);
    for (let column = 0; column < size; column++) {
      let best = start;
      for (let token = start + 1; token < end; token++) {
        if (from[offset + token * stride + column]! > from[offset + best * stride + column]!) best = token;
      }
      tokens[sequence * size + column] = best;
      to[sequence * size + column] = from[offset + best * stride + column]!;
    }
  }
  return differentiable(output, (tape) => {
    const target = tape.tensor(x);
    return (outputGradient) => {
      if (!target) return;
      const gradient = target();
      const into = gradient.storage.float32();
      const given = outputGradient.storage.float32();
      for (let i = 0; i < tokens.length; i++) {
        const [sequence, column] = [Math.floor(i / size), i % size];
        into[gradient.offset + tokens[i]! * gradient.stride + column]! +=
          given[outputGradient.offset + sequence * outputGradient.stride + column]!;
      }
    };
  });
}
