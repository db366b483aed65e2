import { Command, CommanderError } from "commander";
import { packageVersion } from "../version.js";
import { addBench } from "./bench/bench.js";
import { addConvert } from "./convert/convert.js";
import { addDemo } from "./demo/demo.js";
import { addEmbed } from "./embed/embed.js";
import { EXIT, Interrupted, oneLine } from "./errors.js";
import { fitted, withFittingHelp } from "./help.js";
import { addInspect } from "./inspect/inspect.js";
import { turnOnWideVectors } from "./model-options.js";
import { addModels } from "./models/models.js";
import { addRun } from "./run/run.js";
import { addSearch } from "./search/search.js";
import type { Terminal } from "./terminal.js";
import { addTokenize } from "./tokenize/tokenize.js";
import { addTrain } from "./train/train.js";
import { addVerify } from "./verify/verify.js";

const HELP = `
Results go to standard output, progress and warnings to standard error.
Exit code: 0 for success, 1 for a failed check, 2 for bad use or a model that cannot be read.`;

/**
 * Runs the command.
 * @param args what follows the command's name.
 * @returns the exit code.
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.success;
  try {
    const program = makeProgram(terminal, await packageVersion(), (result) => {
      code = result;
    });
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    // Help and version are thrown too.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.success;
    // A progress line may still stand there.
    const start = terminal.stderr.isTTY ? "\r\x1b[K" : "";
    const { aborted, reason } = terminal.signal;
    const ending = reason instanceof Interrupted ? reason : new Interrupted("interrupted", EXIT.interrupted);
    await terminal.stderr.write(`${start}convbert: ${aborted ? ending.message : oneLine(error)}\n`);
    return aborted ? ending.exitCode : EXIT.unusable;
  }
}

function makeProgram(terminal: Terminal, version: string, finish: (code: number) => void): Command {
  const program = new Command("convbert");
  program
    .description("ConvBERT: run, check and look into models")
    .version(version)
    .option("--no-color", "no colours, as with the environment variable NO_COLOR")
    .hook("preAction", (_, command) => turnOnWideVectors(command, terminal))
    .addHelpText("after", HELP);
  const commands = [
    addRun,
    addEmbed,
    addSearch,
    addTrain,
    addTokenize,
    addVerify,
    addInspect,
    addModels,
    addConvert,
    addBench,
    addDemo,
  ];
  for (const add of commands) add(program, terminal, finish);
  const width = terminal.stdout.columns || 100;
  for (const command of [program, ...program.commands]) {
    withFittingHelp(command);
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void terminal.stdout.write(fitted(text, width)),
        // Errors are thrown, and written once, as one line.
        writeErr: () => {},
        outputError: () => {},
        getOutHelpWidth: () => width,
        getOutHasColors: () => false,
      })
      .helpCommand(false);
  }
  program.action((_options, { args }: Command) => {
    const [unknown] = args;
    if (unknown !== undefined) {
      const names = program.commands.map((command) => command.name()).join(", ");
      throw new CommanderError(EXIT.unusable, "unknown", `there is no command "${unknown}"; choose one of ${names}`);
    }
    program.outputHelp();
  });
  return program.allowExcessArguments();
}
