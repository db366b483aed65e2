import type { Matrix, Sequences } from "../../../operands.js";

export function sequenceMean(input: Matrix, { offsets }: Sequences, output: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  const { offset, stride, columns } = input;
  for (let sequence = 0; sequence < output.rows; sequence++) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let token = start; token < end; token++) {
        sum += x[offset + token * stride + column]!;
      }
      y[output.offset + sequence * output.stride + column] = sum / (end - start);
    }
  }
}

export function sequenceMax(input: Matrix, { offsets }: Sequences, output: Matrix, tokens: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  const which = tokens.storage.int32();
  const { offset, stride, columns } = input;
  for (let sequence = 0; sequence < output.rows; sequence++) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    for (let column = 0; column < columns; column++) {
      let best = start;
      for (let token = start + 1; token < end; token++) {
        if (x[offset + token * stride + column]! > x[offset + best * stride + column]!) {
          best = token;
        }
      }
      which[tokens.offset + sequence * tokens.stride + column] = best;
      y[output.offset + sequence * output.stride + column] = x[offset + best * stride + column]!;
    }
  }
}

export function sequenceMaxGradient(tokens: Matrix, outputGradient: Matrix, gradient: Matrix): void {
  const which = tokens.storage.int32();
  const dy = outputGradient.storage.float32();
  const dx = gradient.storage.float32();
  for (let sequence = 0; sequence < tokens.rows; sequence++) {
    for (let column = 0; column < tokens.columns; column++) {
      const token = which[tokens.offset + sequence * tokens.stride + column]!;
      const grad = dy[outputGradient.offset + sequence * outputGradient.stride + column]!;
      dx[gradient.offset + token * gradient.stride + column]! += grad;
    }
  }
}
