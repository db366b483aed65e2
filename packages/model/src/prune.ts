import type { Scope } from "@convbert/nn";
import { moveBlocks } from "@convbert/nn/internal";
import type { ConvBertConfig } from "./config.js";
import { ConvBertAttention, type ConvBertLayer } from "./convbert.js";

/** Weights that lose a block of rows for each removed head, and how many rows a block has. */
const ROW_BLOCKS: Readonly<Record<string, "size" | "taps">> = {
  "self.key.weight": "size",
  "self.key.bias": "size",
  "self.value.weight": "size",
  "self.value.bias": "size",
  "self.conv_out_layer.weight": "size",
  "self.conv_out_layer.bias": "size",
  "self.conv_kernel_layer.weight": "taps",
  "self.conv_kernel_layer.bias": "taps",
};

/** Replaces a layer's attention by one without the heads in `pruned`, which include those it had lost before. */
export function pruneAttention(
  layer: ConvBertLayer,
  scope: Scope,
  config: ConvBertConfig,
  pruned: readonly number[],
): void {
  const before = layer.attention.self.heads;
  const picks = [...before.keys()].filter((index) => !pruned.includes(before[index]!));
  const prefix = `${scope.path("")}`;
  const values = new Map<string, Float32Array>();
  for (const { name, read } of scope.store.values()) {
    if (name.startsWith(prefix)) {
      values.set(name, read());
    }
  }
  const oldScope = layer.attentionScope;
  layer.attentionScope = scope.owning();
  layer.attention = new ConvBertAttention(layer.attentionScope, config, pruned);
  oldScope.dispose();

  const { attentionHeadSize: size, conv_kernel_size: taps, hidden_size: hidden } = config;
  for (const [name, old] of values) {
    const parameter = scope.store.get(name)!;
    const block = ROW_BLOCKS[name.slice(prefix.length)];
    let kept = old;
    if (block !== undefined) {
      const columns = parameter.shape.length === 2 ? parameter.shape[1]! : 1;
      const rows = block === "size" ? size : taps;
      kept = new Float32Array(picks.length * rows * columns);
      moveBlocks(old, rows * columns, picks, kept);
    } else if (name === `${prefix}output.dense.weight`) {
      // Its inputs are the attention's heads, then the convolution's.
      const both = [...picks, ...picks.map((index) => index + before.length)];
      kept = new Float32Array(hidden * both.length * size);
      const columns = 2 * before.length * size;
      for (let row = 0; row < hidden; row++) {
        const target = kept.subarray(row * both.length * size);
        moveBlocks(old.subarray(row * columns, (row + 1) * columns), size, both, target);
      }
    }
    parameter.write(0, kept);
  }
}
