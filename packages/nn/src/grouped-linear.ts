import { type ActivationKind, groupedLinear, type PackedWeights, type Tensor } from "@convbert/tensor";
import { transposed } from "./layouts.js";
import type { Scope } from "./scope.js";
import { packedSlot, reorderedSlot, slotSequence } from "./slots.js";

/**
 * The reference's `GroupedLinearLayer`: weight `[groups, in / groups, out / groups]`, bias `[out]`. The reference leaves
 * new ones as `torch.empty` gives them, whatever the memory held; here they start like every other linear map.
 */
export class GroupedLinear {
  readonly groups: readonly PackedWeights[];
  readonly bias: Tensor<"float32">;

  constructor(scope: Scope, inputSize: number, outputSize: number, groups: number) {
    const rows = outputSize / groups;
    const columns = inputSize / groups;
    this.groups = Array.from({ length: groups }, () => scope.packed(rows, columns));
    const slots = this.groups.map((weights) =>
      reorderedSlot(
        packedSlot(scope.backend, weights, 0, rows),
        rows * columns,
        transposed(columns, rows),
        scope.store.scratch,
      ),
    );
    scope.slot("weight", [groups, columns, rows], "normal", slotSequence(slots, rows * columns));
    this.bias = scope.tensor("bias", [outputSize], "zeros");
  }

  forward(input: Tensor, activation: ActivationKind = "linear"): Tensor<"float32"> {
    return groupedLinear(input, this.groups, this.bias, activation);
  }
}
