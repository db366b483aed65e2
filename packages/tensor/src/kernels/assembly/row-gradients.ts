import { addedMean, deviationScale } from "./rows";
import { all, exp, addMask, madd, sum } from "./vector";

// Kernels of training over rows; strides are in bytes.

/**
 * Blocks `begin` to `end` of `blockRows` rows. Without `addInput` or `addResidual` what that gradient holds is nothing.
 * Each block leaves its rows' share of the weight's and the bias's gradient in
 * `sums[block]`, `2 * columns` numbers. `residual` and the gradients of inputs 0 mean none. `normal` is room for
 * `columns` numbers a block.
 */
export function layerNormGradient(
  input: usize,
  inputStride: usize,
  residual: usize,
  residualStride: usize,
  weight: usize,
  epsilon: f32,
  outputGradient: usize,
  outputGradientStride: usize,
  inputGradient: usize,
  inputGradientStride: usize,
  residualGradient: usize,
  residualGradientStride: usize,
  addInput: i32,
  addResidual: i32,
  sums: usize,
  normal: usize,
  columns: usize,
  rows: usize,
  blockRows: usize,
  begin: usize,
  end: usize,
): void {
  const bytes = columns << 2;
  for (let block = begin; block < end; block++) {
    const weightSums = sums + block * 2 * bytes;
    memory.fill(weightSums, 0, 2 * bytes);
    const last = min(rows, (block + 1) * blockRows);
    for (let row = block * blockRows; row < last; row++) {
      normGradient(
        input + row * inputStride,
        residual ? residual + row * residualStride : 0,
        weight,
        epsilon,
        outputGradient + row * outputGradientStride,
        inputGradient ? inputGradient + row * inputGradientStride : 0,
        residualGradient ? residualGradient + row * residualGradientStride : 0,
        addMask(addInput),
        addMask(addResidual),
        weightSums,
        weightSums + bytes,
        normal + block * bytes,
        columns,
      );
    }
  }
}

/** One row of {@link layerNormGradient}. */
function normGradient(
  x: usize,
  r: usize,
  weight: usize,
  epsilon: f32,
  dy: usize,
  dx: usize,
  dr: usize,
  inputMask: v128,
  residualMask: v128,
  weightSums: usize,
  biasSums: usize,
  normal: usize,
  columns: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const share = <f32>1.0 / <f32>columns;
  const mean = addedMean(x, r, normal, columns);
  const scale = deviationScale(normal, columns, mean, epsilon);
  let at: usize = 0;
  let gradSums = all(0.0);
  let products = all(0.0);
  for (; at < whole; at += 16) {
    const n = f32x4.mul(f32x4.sub(v128.load(normal + at), mean), scale);
    v128.store(normal + at, n);
    const grad = v128.load(dy + at);
    v128.store(weightSums + at, madd(grad, n, v128.load(weightSums + at)));
    v128.store(biasSums + at, f32x4.add(grad, v128.load(biasSums + at)));
    const scaled = f32x4.mul(grad, v128.load(weight + at));
    gradSums = f32x4.add(gradSums, scaled);
    products = madd(scaled, n, products);
  }
  for (; at < bytes; at += 4) {
    const n = f32x4.mul(f32x4.sub(v128.load32_zero(normal + at), mean), scale);
    v128.store32_lane(normal + at, n, 0);
    const grad = v128.load32_zero(dy + at);
    v128.store32_lane(weightSums + at, madd(grad, n, v128.load32_zero(weightSums + at)), 0);
    v128.store32_lane(biasSums + at, f32x4.add(grad, v128.load32_zero(biasSums + at)), 0);
    const scaled = f32x4.mul(grad, v128.load32_zero(weight + at));
    // The other lanes of `n` are no zeros, but those of the gradient are.
    gradSums = f32x4.add(gradSums, scaled);
    products = madd(scaled, n, products);
  }
  const meanGrad = all(sum(gradSums) * share);
  const meanProduct = all(sum(products) * share);
  if (!dx && !dr) return;
  for (at = 0; at < whole; at += 16) {
    const centred = f32x4.sub(f32x4.mul(v128.load(dy + at), v128.load(weight + at)), meanGrad);
    const d = f32x4.mul(f32x4.sub(centred, f32x4.mul(v128.load(normal + at), meanProduct)), scale);
    if (dx) v128.store(dx + at, f32x4.add(v128.and(inputMask, v128.load(dx + at)), d));
    if (dr) v128.store(dr + at, f32x4.add(v128.and(residualMask, v128.load(dr + at)), d));
  }
  for (; at < bytes; at += 4) {
    const centred = f32x4.sub(f32x4.mul(v128.load32_zero(dy + at), v128.load32_zero(weight + at)), meanGrad);
    const d = f32x4.mul(f32x4.sub(centred, f32x4.mul(v128.load32_zero(normal + at), meanProduct)), scale);
    if (dx) v128.store32_lane(dx + at, f32x4.add(v128.and(inputMask, v128.load32_zero(dx + at)), d), 0);
    if (dr) v128.store32_lane(dr + at, f32x4.add(v128.and(residualMask, v128.load32_zero(dr + at)), d), 0);
  }
}

/** Of a softmax over groups of `size` columns, rows `begin` to `end`. */
export function softmaxGradient(
  output: usize,
  outputStride: usize,
  outputGradient: usize,
  outputGradientStride: usize,
  gradient: usize,
  gradientStride: usize,
  columns: usize,
  size: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (size & ~3) << 2;
  const bytes = size << 2;
  for (let row = begin; row < end; row++) {
    let p = output + row * outputStride;
    let dp = outputGradient + row * outputGradientStride;
    let to = gradient + row * gradientStride;
    for (let group: usize = 0; group < columns; group += size) {
      let products = all(0.0);
      let at: usize = 0;
      for (; at < whole; at += 16) products = madd(v128.load(p + at), v128.load(dp + at), products);
      for (; at < bytes; at += 4) products = madd(v128.load32_zero(p + at), v128.load32_zero(dp + at), products);
      const mean = all(sum(products));
      for (at = 0; at < whole; at += 16) {
        const centred = f32x4.sub(v128.load(dp + at), mean);
        v128.store(to + at, madd(v128.load(p + at), centred, v128.load(to + at)));
      }
      for (; at < bytes; at += 4) {
        const centred = f32x4.sub(v128.load32_zero(dp + at), mean);
        v128.store32_lane(to + at, madd(v128.load32_zero(p + at), centred, v128.load32_zero(to + at)), 0);
      }
      p += bytes;
      dp += bytes;
      to += bytes;
    }
  }
}

/**
 * `gradient[r, c] += factors[r] * exp(input[r, c] - logSums[r, 0] - logSums[r, 1])`, rows `begin` to `end`; without `add` what the gradient
 * holds is nothing.
 */
export function accumulateSoftmax(
  input: usize,
  inputStride: usize,
  logSums: usize,
  logSumsStride: usize,
  factors: usize,
  factorsStride: usize,
  gradient: usize,
  gradientStride: usize,
  add: i32,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const mask = addMask(add);
  for (let row = begin; row < end; row++) {
    const factor = load<f32>(factors + row * factorsStride);
    if (factor == 0) {
      if (!add) memory.fill(gradient + row * gradientStride, 0, bytes);
      continue;
    }
    const largest = v128.load32_splat(logSums + row * logSumsStride);
    const shift = v128.load32_splat(logSums + row * logSumsStride, 4);
    const x = input + row * inputStride;
    const to = gradient + row * gradientStride;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const p = exp(f32x4.sub(f32x4.sub(v128.load(x + at), largest), shift));
      v128.store(to + at, madd(p, all(factor), v128.and(mask, v128.load(to + at))));
    }
    for (; at < bytes; at += 4) {
      const p = exp(f32x4.sub(f32x4.sub(v128.load32_zero(x + at), largest), shift));
      v128.store32_lane(to + at, madd(p, all(factor), v128.and(mask, v128.load32_zero(to + at))), 0);
    }
  }
}
