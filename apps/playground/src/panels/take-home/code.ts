import { quoted, shell, type TaskCode } from "../../tasks/task.js";
import type { ModelRef, TaskName } from "../../worker/protocol.js";

export interface Snippet {
  readonly language: string;
  readonly code: string;
}

/** The code for what is on the screen, in three languages. */
export function snippets(
  task: TaskName,
  model: ModelRef | null,
  { call, command, python, stdin }: TaskCode,
): Snippet[] {
  const folder = "./my-model";
  const isShipped = model?.kind === "shipped";
  const name = model === null || model.kind === "files" ? folder : isShipped ? model.name : model.address;
  const source = isShipped ? `installedModel(${quoted(name)})` : quoted(name);
  const names = isShipped ? "installedModel, pipeline" : "pipeline";
  const run = `convbert run ${task} --model ${shell(name)} ${command}`;
  const typed = stdin === undefined ? run : `printf '%s\\n' ${shell(stdin)} | ${run}`;
  const local = isShipped ? `./${name}` : name;
  const prepare = isShipped ? `# first: npx convbert convert ${name} ${local} --dtype float32\n` : "";
  return [
    {
      language: "TypeScript",
      code: `import { ${names} } from "convbert";\n\nconst run = await pipeline("${task}", ${source});\nconsole.log(await run(${call}));\nrun.dispose();\n`,
    },
    { language: "Command line", code: `npm install --global convbert\n${typed}\n` },
    { language: "Python", code: `${prepare}${python.replaceAll("{model}", quoted(local))}\n` },
  ];
}
