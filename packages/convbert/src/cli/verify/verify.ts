import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type FieldComparison, loadModel, MODEL_CLASSES, verifyCases } from "@convbert/heads";
import { type Command, Option } from "commander";
import { EXIT, UsageError } from "../errors.js";
import { loadingOptions, type ModelFlags, positiveNumber, withModelFlags } from "../model-options.js";
import { jsonLine, printable } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { MODEL_FORM, modelSource } from "../shipped-models.js";
import { type Style, styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";

interface VerifyFlags extends ModelFlags {
  readonly head?: string;
  readonly tolerance?: number;
  readonly allowNewHead?: boolean;
  readonly json?: boolean;
}

const HELP = `
CASES.safetensors holds tensors <case>/in/<argument>, <case>/out/<field> (<field>.<i> for the parts of a tuple) and
<case>/grad/<parameter>; cases.json beside it has the scalar arguments of each case. Every recorded field of every case
is compared, element by element, and the gradient of the loss (without dropout) by every parameter that is recorded.

Exit code: 0 when every field agrees, 1 when one differs or is missing, 2 when nothing could be compared.
With --json, one line a field: {"case", "field", "max_abs_diff", "max_abs_expected", "ok"}, and "reason" where
it does not match and that is not a matter of size.`;

/** Adds `convbert verify`. */
export function addVerify(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("verify")
    .description("run recorded cases through a model and compare every field")
    .argument("<model>", MODEL_FORM)
    .argument("<cases>", "recorded cases, a .safetensors file")
    .addOption(
      new Option("--head <name>", "model class, where config.json names none or another").choices(
        Object.keys(MODEL_CLASSES),
      ),
    )
    .option("--tolerance <share>", "largest difference, as a share of a field's largest value; 1e-5", positiveNumber)
    .option("--allow-new-head", "compare a head that the model lacks, with random weights")
    .option("--json", "one line of JSON for each field");
  withModelFlags(command)
    .addHelpText("after", HELP)
    .action(async (source: string, cases: string, flags: VerifyFlags) => {
      finish(await verify(modelSource(source), cases, flags, terminal, program.opts()["color"]));
    });
}

async function verify(
  source: string | URL,
  cases: string,
  flags: VerifyFlags,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  const found = await stat(cases).catch(() => undefined);
  if (!found?.isFile()) throw new UsageError(`there is no file ${cases}`);
  const progress = new ProgressLine(terminal.stderr);
  const style = styleFor(terminal, color);
  progress.show("loading the model");
  using model = await loadModel(source, {
    ...loadingOptions(flags, terminal, progress),
    ...(flags.head !== undefined && { head: flags.head }),
    ...(flags.allowNewHead && { allowNewHead: true }),
  });
  const results: FieldComparison[] = [];
  const comparisons = verifyCases(model, dirname(cases), basename(cases), {
    signal: terminal.signal,
    ...(flags.tolerance !== undefined && { tolerance: flags.tolerance }),
  });
  for await (const result of comparisons) {
    results.push(result);
    progress.show(`${result.case} ${result.field}`);
    if (flags.json) await terminal.stdout.write(`${lineOf(result)}\n`);
  }
  await progress.clear();
  const differing = results.filter(({ ok }) => !ok);
  if (!flags.json) {
    const width = Math.max(...results.map(({ field }) => printable(field).length));
    await terminal.stdout.write(report(results, Math.min(width, 40), style));
    await terminal.stdout.write(`\n${summary(results.length, differing.length, style)}\n`);
  }
  if (results.length === 0) throw new UsageError(`${cases} records no output to compare`);
  if (differing.length > 0) {
    const first = differing[0]!;
    await terminal.stderr.write(
      `convbert: ${differing.length} of ${results.length} fields differ, the first in ${printable(`${first.case}: ${first.field}`)}\n`,
    );
    return EXIT.failedCheck;
  }
  return EXIT.success;
}

function lineOf({ case: name, field, max_abs_diff, max_abs_expected, ok, reason }: FieldComparison): string {
  return jsonLine({ case: name, field, max_abs_diff, max_abs_expected, ok, ...(reason && { reason }) });
}

/** Fields by case; gradients, which there are many of, as a count. */
function report(results: readonly FieldComparison[], width: number, { colors }: Style): string {
  let text = "";
  for (const name of new Set(results.map((result) => result.case))) {
    const own = results.filter((result) => result.case === name);
    text += `${colors.bold(printable(name))}\n`;
    const gradients = own.filter(({ field, ok }) => ok && field.startsWith("grad/"));
    for (const { field, ok, max_abs_diff: difference, max_abs_expected: largest, reason } of own) {
      if (ok && field.startsWith("grad/")) continue;
      const mark = ok ? colors.green("✓") : colors.red("✗");
      const size = difference === null ? "      —" : scientific(difference);
      const why = reason ? `  ${colors.red(printable(reason))}` : "";
      text += `  ${mark} ${printable(field).padEnd(width)}  ${size}  ${colors.dim(`of ${scientific(largest)}`)}${why}\n`;
    }
    if (gradients.length > 0) {
      const worst = Math.max(...gradients.map(({ max_abs_diff: difference }) => difference ?? 0));
      text += `  ${colors.green("✓")} ${`${gradients.length} gradients`.padEnd(width)}  ${scientific(worst)}  ${colors.dim("at most")}\n`;
    }
  }
  return text;
}

function summary(compared: number, differing: number, { colors }: Style): string {
  return differing === 0
    ? colors.green(`${compared} fields agree`)
    : colors.red(`${differing} of ${compared} fields differ`);
}

function scientific(value: number): string {
  return value === 0 ? "0      " : value.toExponential(1).padEnd(7);
}
