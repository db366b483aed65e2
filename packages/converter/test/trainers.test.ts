import { openWeights, readPyTorch } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { fixtureJson } from "./support.js";

const { names, files } = fixtureJson<{ names: string[]; files: Record<string, string> }>("trainers.json");
const saved = (name: string) => new Uint8Array(Buffer.from(files[name]!, "base64"));

describe("a checkpoint of a training script", () => {
  test.each(["best", "loss", "class-weights", "rng", "deepspeed", "lightning", "own-key", "two-levels", "ema"])(
    "gives its state dict: %s",
    async (name) => {
      const { tensors } = await readPyTorch(saved(name));
      expect([...tensors.keys()]).toEqual(names);
    },
  );

  test("is its own state dict where that has more tensors than one within", async () => {
    const { tensors } = await readPyTorch(saved("outer-is-the-model"));
    expect([...tensors.keys()]).toEqual(names);
  });

  test.each([
    ["several", /several state dicts, under student, teacher; save one/],
    ["nothing", /no state dict found: it holds a dict with the keys epoch, optimizer/],
    ["integer-keys", /the key 0 where its name should be/],
    ["an-integer-key", /the key 5 where its name should be/],
    ["conj", /a\.b is a conjugated .*resolve_conj/],
    ["neg", /a\.b is a negated .*resolve_neg/],
  ])("is refused: %s", async (name, message) => {
    await expect(readPyTorch(saved(name))).rejects.toMatchObject({ name: "WeightsError", code: "unsupported" });
    await expect(readPyTorch(saved(name))).rejects.toThrow(message);
  });

  test.each([
    ["epoch=3-step=100.ckpt", "lightning"],
    ["checkpoint.pt", "best"],
    ["mp_rank_00_model_states.pt", "deepspeed"],
    ["best.pth", "loss"],
  ])("is found under the name that it has, %s, where it is the only one", async (file, name) => {
    const others = {
      "optimizer.pt": saved("nothing"),
      "rng_state.pth": saved("rng"),
      "training_args.bin": saved("nothing"),
    };
    const reader = await openWeights(await openFiles({ [file]: saved(name), ...others, "config.json": "{}" }));
    expect([...reader.tensors.keys()]).toEqual(names);
    const two = openWeights(await openFiles({ [file]: saved(name), [`other-${file}`]: saved(name) }));
    await expect(two).rejects.toThrow(/has no weights/);
    const whole = await openFiles({ [file]: saved("integer-keys"), "pytorch_model.bin": saved("best") });
    expect([...(await openWeights(whole)).tensors.keys()]).toEqual(names);
  });
});
