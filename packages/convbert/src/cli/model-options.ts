import { enableWideVectors, type FromPretrainedOptions } from "@convbert/model";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "./errors.js";
import { printable } from "./printable.js";
import { bytes, type ProgressLine } from "./progress.js";
import type { Terminal } from "./terminal.js";

/** Flags of every command that loads a model. */
export interface ModelFlags {
  readonly backend?: "wasm" | "reference";
  readonly threads?: number;
  readonly wideVectors?: boolean;
  readonly dtype?: "float32" | "int8";
  readonly revision?: string;
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

/** Adds the flags of {@link ModelFlags} to a command; trained models have float32 weights, so training has no `dtype`. */
export function withModelFlags(command: Command, { dtype = true }: { readonly dtype?: boolean } = {}): Command {
  if (dtype) {
    command.addOption(
      new Option("--dtype <type>", "how weights are kept; int8 is several times faster").choices(["float32", "int8"]),
    );
  }
  command
    .addOption(new Option("--backend <name>", "what computes").choices(["wasm", "reference"]))
    .option("--threads <count>", "threads to compute with; by default the physical cores, 8 at most", wholeNumber(1));
  return withWideVectors(command)
    .option("--revision <name>", "branch, tag or commit of a hub model")
    .option("--cache-dir <folder>", "where downloads are kept")
    .option("--offline", "never touch the network");
}

/** Adds the flags that {@link turnOnWideVectors} looks at. */
export function withWideVectors(command: Command): Command {
  return command
    .option("--wide-vectors", "compute in 256 bits, or fail; without the flag, where they can be (x64, Node from 24)")
    .option("--no-wide-vectors", "compute in 128 bits, without an experimental flag of V8: the same, later");
}

/**
 * Before a model is loaded, has products computed in 256 bits where the engine can and their bits are the usual ones: in a
 * process of the command's own always, elsewhere when it is asked for.
 * @throws UsageError where `--wide-vectors` would do nothing.
 */
export async function turnOnWideVectors(command: Command, { ownsProcess = false }: Terminal): Promise<void> {
  if (!command.options.some(({ long }) => long === "--wide-vectors")) return;
  const { wideVectors = ownsProcess ? undefined : false } = command.opts<ModelFlags>();
  if (wideVectors !== false && !(await enableWideVectors({ check: true })) && wideVectors) {
    throw new UsageError(
      "--wide-vectors needs Node 24 or newer on an x64 processor with AVX2, and the usual results; leave it out",
    );
  }
}

/** What the flags mean to `fromPretrained`; downloads show their progress. */
export function loadingOptions(flags: ModelFlags, terminal: Terminal, progress: ProgressLine): FromPretrainedOptions {
  return {
    ...(flags.backend && { backend: flags.backend }),
    ...(flags.dtype && { dtype: flags.dtype }),
    ...(flags.threads !== undefined && { threads: flags.threads }),
    ...(flags.revision !== undefined && { revision: flags.revision }),
    ...(flags.cacheDir !== undefined && { cacheDirectory: flags.cacheDir }),
    ...(flags.offline && { offline: true }),
    signal: terminal.signal,
    onWarning: (text) => void warn(text, terminal, progress),
    onProgress({ file, status, loaded, total }) {
      if (status === "download") progress.show(`${file}  ${bytes(loaded)}${total ? ` of ${bytes(total)}` : ""}`);
    },
  };
}

/** A warning on standard error. The reference's are long; the first sentence says what matters. */
export async function warn(text: string, terminal: Terminal, progress: ProgressLine): Promise<void> {
  await progress.clear();
  await terminal.stderr.write(`warning: ${printable(text.split("\n")[0]!)}\n`);
}

/** Reads a flag's value as a whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
  };
}

/** Reads a flag's value as a number above 0. */
export function positiveNumber(value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError("Give a number above 0.");
}

/** Reads a flag's value as names parted by commas. */
export function names(value: string): string[] {
  return value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
