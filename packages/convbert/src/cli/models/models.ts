import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { ModelNotInstalledError, modelPackage, SMALL_MODELS, type SmallModel } from "../../models.js";
import { EXIT } from "../errors.js";
import { jsonLine, printable } from "../printable.js";
import { MODEL_NAMES, shippedModel } from "../shipped-models.js";
import { folded, type Style, styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";

const HELP = `
Each model is a package of data: weights in 8 bits, vocabulary, configuration, and a card that says what it is good and bad
for. One that is installed, in the project or beside this package, goes by its name in every command.`;

/** A model of ours, and where it is installed. */
interface Listed {
  readonly name: SmallModel;
  readonly task: string;
  readonly about: string;
  readonly package: string;
  /** null where it is not installed. */
  readonly folder: string | null;
}

/** Adds `convbert models`. */
export function addModels(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("models")
    .description("list our models, which are installed, and how to get the others")
    .option("--json", "a line of JSON for each")
    .addHelpText("after", HELP)
    .action(async (flags: { readonly json?: boolean }) => {
      const models = MODEL_NAMES.map(listed);
      const style = styleFor(terminal, program.opts()["color"]);
      for (const [i, model] of models.entries()) {
        const text = flags.json ? jsonLine(model) : `${i === 0 ? "" : "\n"}${shown(model, style)}`;
        await terminal.stdout.write(`${text}\n`);
      }
      finish(EXIT.success);
    });
}

function listed(name: SmallModel): Listed {
  return { name, ...SMALL_MODELS[name], package: modelPackage(name), folder: folderOf(name) };
}

function folderOf(name: SmallModel): string | null {
  try {
    return fileURLToPath(shippedModel(name));
  } catch (error) {
    if (error instanceof ModelNotInstalledError) return null;
    throw error;
  }
}

function shown({ name, task, about, package: packageName, folder }: Listed, style: Style): string {
  const { bold, cyan, dim } = style.colors;
  const origin = folder === null ? cyan(`npm install ${packageName}`) : dim(printable(folder));
  return [
    folded(`${bold(name)}: ${about}`, style, ""),
    folded(dim(`convbert run ${task} --model ${name}`), style, "  "),
    folded(origin, style, "  "),
  ].join("\n");
}
