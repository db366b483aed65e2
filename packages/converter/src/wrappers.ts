/** Parts of a path that wrappers of a model put in its names, anywhere: torch.compile, FSDP, activation checkpoints. */
const INNER = /(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)(?=\.)/g;

/** What holds the model in training scripts: DataParallel and DeepSpeed's engine, a LightningModule's attribute. */
const OUTER = ["module.", "model.", "net.", "network."];
const MOST_LAYERS = 8;

/**
 * The names of a checkpoint without what training scripts wrapped around the model. A prefix is taken off where that
 * gives names that are wanted, and no name without it is: then it belongs to a wrapper, and names beside it to the
 * script's own weights (a loss, a metric).
 * @param isWanted whether a model has a weight of that name.
 * @returns for each name the plain one, in the same order.
 */
export function unwrapped(names: readonly string[], isWanted: (name: string) => boolean): string[] {
  let plain = names.map((name) => {
    const stripped = name.replace(INNER, "");
    return stripped.startsWith(".") ? stripped.slice(1) : stripped;
  });
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const wrapper = OUTER.find(
      (prefix) =>
        plain.some((name) => name.startsWith(prefix)) &&
        !plain.some((name) => !name.startsWith(prefix) && isWanted(name)) &&
        !plain.some((name) => name.startsWith(prefix) && isWanted(name)),
    );
    if (wrapper === undefined) break;
    plain = plain.map((name) => (name.startsWith(wrapper) ? name.slice(wrapper.length) : name));
  }
  // A prefix that led to nothing was none.
  return plain.some(isWanted) ? plain : [...names];
}
