import { type Command, Help } from "commander";
import wrapAnsi from "wrap-ansi";

/** Narrower than this, what an option means stands below it. */
const NARROW = 72;

/** Help that fits the terminal, narrow ones too: the usual layout leaves descriptions as they are where little room is left. */
class FittingHelp extends Help {
  override formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    if (width >= NARROW || !description) return super.formatItem(term, termWidth, description, helper);
    return `  ${term}\n${fitted(description, width, "      ")}`;
  }
}

/** Lines folded at white space to a width, each with the indent that it has, or the given one. */
export function fitted(text: string, width: number, indent?: string): string {
  return text
    .split("\n")
    .map((line) => {
      const own = indent ?? /^ */.exec(line)![0];
      const room = Math.max(10, width - own.length);
      const content = line.trim();
      if (content.length <= room) return content === "" ? "" : own + content;
      return wrapAnsi(content, room, { hard: true }).replace(/^/gm, own);
    })
    .join("\n");
}

/** Makes a command's help fit. */
export function withFittingHelp(command: Command): void {
  command.createHelp = () => new FittingHelp();
}
