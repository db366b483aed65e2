import type { Recorded } from "../autograd/tape.js";
import type { Tensor } from "../tensor.js";
import { activate } from "./activate.js";
import { attention } from "./attention.js";
import { add, multiply, subtract } from "./binary.js";
import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import { concatenate } from "./concatenate.js";
import { crossEntropy } from "./cross-entropy.js";
import { depthwiseConvolution } from "./depthwise-convolution.js";
import { dropout } from "./dropout.js";
import { dynamicConvolution } from "./dynamic-convolution.js";
import { embedding, packedEmbedding } from "./embedding.js";
import { groupedLinear } from "./grouped-linear.js";
import { layerNorm } from "./layer-norm.js";
import { linear } from "./linear.js";
import { mean } from "./mean.js";
import { meanSquaredError } from "./mean-squared-error.js";
import { normalizeRows } from "./normalize-rows.js";
import { rowDots } from "./row-dots.js";
import { rowProducts } from "./row-products.js";
import { scale } from "./scale.js";
import { sequenceMax } from "./sequence-max.js";
import { sequenceMean } from "./sequence-mean.js";
import { softCrossEntropy } from "./soft-cross-entropy.js";
import { softmax } from "./softmax.js";

/** An operation that can be trained through: its result was passed through `differentiable` with a gradient rule. */
type Operation = (...args: never[]) => Recorded<Tensor> | { readonly context: Recorded<Tensor> };

/** Every operation. One without a gradient rule does not compile here. */
export const OPERATIONS = {
  activate,
  add,
  attention,
  binaryCrossEntropy,
  concatenate,
  crossEntropy,
  depthwiseConvolution,
  dropout,
  dynamicConvolution,
  embedding,
  groupedLinear,
  layerNorm,
  linear,
  mean,
  meanSquaredError,
  multiply,
  normalizeRows,
  packedEmbedding,
  rowDots,
  rowProducts,
  scale,
  sequenceMax,
  sequenceMean,
  softCrossEntropy,
  softmax,
  subtract,
} satisfies Record<string, Operation>;
