/**
 * Fetch and make what the benchmarks compare with: the peers of peers/package.json into tooling/bench/.peers, and
 * ConvBERT models with random weights (see tooling/reference/make_base_model.py) into a folder outside the repository.
 * Usage: node tooling/bench/setup.mjs --help
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const help = `node tooling/bench/setup.mjs [options]
  --python PATH   Python with tooling/reference/requirements.txt (default: $CONVBERT_PYTHON); without one, no models are made
  --models DIR    where the models go (default: ${join(tmpdir(), "convbert-bench")})
  --sizes LIST    of small, medium-small, base (default: all three)
  --data DIR      with sst2/dev.tsv, for the workload "sentences" (default: ../shared/data beside the clone)
  --force         make models anew that are already there`;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { values: options } = parseArgs({
  options: {
    python: { type: "string", default: process.env.CONVBERT_PYTHON },
    models: { type: "string", default: join(tmpdir(), "convbert-bench") },
    sizes: { type: "string", default: "base,small,medium-small" },
    data: { type: "string", default: here("../../../shared/data") },
    force: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(help);
  process.exit();
}

function run(command, args, cwd) {
  console.log(`$ ${command} ${args.join(" ")}`);
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: "inherit",
    shell: command === "npm" && process.platform === "win32",
  });
  if (status !== 0) {
    console.error(`${command} failed${error ? `: ${error.message}` : ""}`);
    process.exit(1);
  }
}

/** The workload "sentences", from the vocabulary of a model of this repository. */
function makeSentences(folder) {
  const texts = join(options.data, "sst2/dev.tsv");
  if (!existsSync(texts)) {
    console.log(`No ${texts}: no workload "sentences" made.`);
  } else if (options.force || !existsSync(join(folder, "sentences.json"))) {
    const vocabulary = here("../../packages/models/question-classification/vocab.txt");
    run(options.python, [here("./sentences.py"), folder, "--texts", texts, "--vocabulary", vocabulary]);
  }
}

// No install scripts: onnxruntime-node would fetch CUDA libraries; its CPU library is in the package.
mkdirSync(here("./.peers"), { recursive: true });
copyFileSync(here("./peers/package.json"), here("./.peers/package.json"));
run("npm", ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"], here("./.peers"));

if (!options.python) {
  console.log("No --python and no CONVBERT_PYTHON: no models made.");
} else {
  for (const size of options.sizes.split(",")) {
    const folder = join(options.models, size);
    // The export written last tells that the folder is complete.
    if (options.force || !existsSync(join(folder, "onnx", "model_int8.onnx"))) {
      run(options.python, [here("../reference/make_base_model.py"), folder, "--size", size]);
    }
    if (size === "base") makeSentences(folder);
    console.log(`model: ${folder}`);
  }
}
