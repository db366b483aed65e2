import { loadReport, matchNames } from "@convbert/converter";
import { mismatchText } from "@convbert/converter/internal";
import { describe, expect, test } from "vitest";
import { fixtureJson } from "./support.js";

interface Loading {
  readonly tensors: readonly (readonly [string, number[]])[];
  readonly cases: readonly {
    readonly name: string;
    readonly model: string;
    readonly architectures: string[];
    readonly found: number[];
    readonly expected: number[];
    readonly info: {
      missing_keys: string[];
      unexpected_keys: string[];
      mismatched_keys: [string, number[], number[]][];
    } | null;
    readonly logs: { level: string; text: string }[];
    readonly error: string | null;
  }[];
}

const { tensors, cases } = fixtureJson<Loading>("loading.json");
const named = (places: readonly number[]) =>
  places.map((place) => ({ name: tensors[place]![0], shape: tensors[place]![1] }));
const options = {
  prefix: "convbert",
  tied: [["convbert.embeddings.word_embeddings.weight", "generator_lm_head.weight"]],
};
/** The reference lists names in no order. */
const sortedNames = (text: string) =>
  text.replace(/\[('[^\]]*')\]/g, (_, names: string) => `[${names.split(", ").sort().join(", ")}]`);

describe("the reference's loading", () => {
  test.each(cases.map((entry) => [entry.name, entry] as const))("%s gives the same lists and messages", (_, entry) => {
    const match = matchNames(named(entry.found), named(entry.expected), options);
    if (entry.info) {
      expect([...match.loadingInfo.missing_keys].sort()).toEqual(entry.info.missing_keys);
      expect([...match.loadingInfo.unexpected_keys].sort()).toEqual(entry.info.unexpected_keys);
      expect([...match.loadingInfo.mismatched_keys].sort()).toEqual(entry.info.mismatched_keys);
      const report = loadReport(match, { model: entry.model, location: "FOLDER", architectures: entry.architectures });
      const sorted = (messages: readonly { level: string; text: string }[]) =>
        messages.map(({ level, text }) => ({ level, text: mismatchesSorted(sortedNames(text)) }));
      expect(sorted(report)).toEqual(sorted(entry.logs));
    } else {
      const text = mismatchText(match.mismatched, entry.model);
      expect(text.split("\n\tYou may")[0]).toBe(entry.error!.split("\n\tYou may")[0]);
    }
    // Nothing is forgotten: every weight of the model is mapped, missing or mismatched, and only one of them.
    const accounted = [...match.mapping.keys(), ...match.missing, ...match.mismatched.map(({ name }) => name)];
    expect(accounted.sort()).toEqual(
      named(entry.expected)
        .map(({ name }) => name)
        .sort(),
    );
    expect(new Set(accounted).size).toBe(accounted.length);
  });

  function mismatchesSorted(text: string): string {
    const lines = text.split("\n");
    const listed = lines.filter((line) => line.startsWith("- ") && line.includes("found shape")).sort();
    return lines
      .map((line) => (line.startsWith("- ") && line.includes("found shape") ? listed.shift()! : line))
      .join("\n");
  }
});

describe("names", () => {
  const shape = [2];
  const list = (...names: string[]) => names.map((name) => ({ name, shape }));

  test("map with and without the prefix, both ways", () => {
    const up = matchNames(list("encoder.weight"), list("convbert.encoder.weight", "classifier.weight"), {
      prefix: "convbert",
    });
    expect([...up.mapping]).toEqual([["convbert.encoder.weight", "encoder.weight"]]);
    expect(up.missing).toEqual(["classifier.weight"]);
    const down = matchNames(list("convbert.encoder.weight", "classifier.weight"), list("encoder.weight"), {
      prefix: "convbert",
    });
    expect([...down.mapping]).toEqual([["encoder.weight", "convbert.encoder.weight"]]);
    expect(down.unexpected).toEqual(["classifier.weight"]);
    const none = matchNames(list("convbert.a"), list("a"));
    expect([none.missing, none.unexpected]).toEqual([["a"], ["convbert.a"]]);
  });

  test("of old layer norms map to the new ones; a new one beside it wins", () => {
    const match = matchNames(list("n.gamma", "n.beta", "m.gamma", "m.weight"), list("n.weight", "n.bias", "m.weight"));
    expect(Object.fromEntries(match.mapping)).toEqual({
      "n.weight": "n.gamma",
      "n.bias": "n.beta",
      "m.weight": "m.weight",
    });
    expect(match.unexpected).toEqual(["m.gamma"]);
  });

  test("of a parallel wrapper lose its prefix, when all have it", () => {
    const match = matchNames(list("module.convbert.a", "module.b"), list("convbert.a", "b"), { prefix: "convbert" });
    expect(Object.fromEntries(match.mapping)).toEqual({ "convbert.a": "module.convbert.a", b: "module.b" });
    expect(matchNames(list("module.a", "b"), list("a", "b")).missing).toEqual(["a"]);
  });

  test.each([
    ["DataParallel twice", "module.module."],
    ["torch.compile", "_orig_mod."],
    ["torch.compile in DataParallel", "module._orig_mod."],
    ["DataParallel in torch.compile", "_orig_mod.module."],
    ["FSDP", "_fsdp_wrapped_module."],
    ["a LightningModule", "model."],
    ["a compiled model in a LightningModule", "model._orig_mod."],
    ["Lightning's DeepSpeed", "_forward_module.model."],
    ["a network", "net."],
  ])("of %s are unwrapped: %s", (_, wrapper) => {
    const model = list("convbert.embeddings.a", "convbert.encoder.layer.0.b", "classifier.weight");
    for (const [saved, into] of [
      [model, model],
      [model, list("embeddings.a", "encoder.layer.0.b")],
      [list("embeddings.a", "encoder.layer.0.b"), model],
    ] as const) {
      const names = saved.map(({ name, shape }) => ({ name: wrapper + name, shape }));
      const plain = matchNames(saved, into, options);
      const match = matchNames([...names, ...list("loss_fn.weight")], into, options);
      expect(match.missing).toEqual(plain.missing);
      expect(match.mapping).toEqual(new Map([...plain.mapping].map(([name, found]) => [name, wrapper + found])));
      expect(match.unexpected).toEqual([...plain.unexpected.map((name) => wrapper + name), "loss_fn.weight"]);
    }
  });

  test("of wrappers inside the path are unwrapped: FSDP's units, activation checkpoints", () => {
    const found = list("convbert._fsdp_wrapped_module.a", "convbert.encoder._checkpoint_wrapped_module.layer.0.b");
    const match = matchNames(found, list("convbert.a", "convbert.encoder.layer.0.b"), options);
    expect([match.missing, match.unexpected]).toEqual([[], []]);
  });

  test("are left alone where a prefix is no wrapper's, or leads to nothing", () => {
    expect(matchNames(list("bert.a"), list("convbert.a"), options).missing).toEqual(["convbert.a"]);
    expect(matchNames(list("model.x"), list("convbert.a"), options).unexpected).toEqual(["model.x"]);
    expect(matchNames(list("model.a", "b"), list("a", "b")).missing).toEqual(["a"]);
    const long = `${"module.".repeat(100_000)}a`;
    expect(matchNames(list(long), list("a")).missing).toEqual(["a"]);
  });

  test("of a base model beside those of a head are refused, as by the reference", () => {
    const model = list("convbert.encoder.weight", "classifier.weight");
    const mixed = list("encoder.weight", "classifier.weight");
    expect(() => matchNames(mixed, model, options)).toThrow(/names are mixed: classifier\.weight/);
    expect(matchNames(list("encoder.weight"), model, options).missing).toEqual(["classifier.weight"]);
    expect(matchNames(list("classifier.weight"), model, options).missing).toEqual(["convbert.encoder.weight"]);
  });

  test("of tied weights stand for each other", () => {
    const expected = list("convbert.embeddings.word_embeddings.weight", "generator_lm_head.weight");
    for (const found of expected) {
      const match = matchNames([found], expected, options);
      expect(new Set(match.mapping.values())).toEqual(new Set([found.name]));
      expect([match.missing, match.unexpected]).toEqual([[], []]);
    }
    expect(matchNames([], expected, options).missing.length).toBe(2);
    const wrong = matchNames([{ name: expected[0]!.name, shape: [3] }], expected, options);
    expect([wrong.missing, wrong.mismatched.length]).toEqual([[], 1]);
  });

  test("go escaped into messages, and not without end", () => {
    const match = matchNames(list(...Array.from({ length: 5000 }, (_, i) => `\u001b[2J${i}`)), list("a"), options);
    for (const { text } of loadReport(match, { model: "ConvBertModel", location: "here" })) {
      expect(text).not.toContain("\u001b");
      expect(text.length).toBeLessThan(100_000);
    }
    const [first] = loadReport(match, { model: "ConvBertModel", location: "here" });
    expect(first!.text).toMatch(/\\u\{1b\}\[2J0.*and 3000 more\]/);
  });

  test("of saved buffers are no surprise, prefixed or not", () => {
    const buffers = ["convbert.embeddings.position_ids", "embeddings.token_type_ids"];
    expect(matchNames(list("convbert.a", ...buffers), list("convbert.a"), options).unexpected).toEqual([]);
    expect(matchNames(list("a", "my.cache"), list("a"), { buffers: ["my.cache"] }).unexpected).toEqual([]);
  });
});
