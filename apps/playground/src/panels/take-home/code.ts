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
  { task: named = task, call, command, python, stdin }: TaskCode,
): Snippet[] {
  const isShipped = model?.kind === "shipped";
  const name = model === null || model.kind === "files" ? "./my-model" : isShipped ? model.name : model.address;
  // Models of ours are packages of their own.
  const packages = isShipped ? `convbert @convbert/model-${name}` : "convbert";
  const [source, names] = isShipped
    ? [`installedModel(${quoted(name)})`, "installedModel, pipeline"]
    : [quoted(name), "pipeline"];
  const run = `convbert run ${named} --model ${shell(name)} ${command}`;
  const typed = stdin === undefined ? run : `printf '%s\\n' ${shell(stdin)} | ${run}`;
  const local = isShipped ? `./${name}` : name;
  const install = `npm install --global ${packages}`;
  // Python's libraries do not read our 8-bit weights.
  const prepare = isShipped ? `# first: ${install}\n# then: convbert convert ${name} ${local} --dtype float32\n` : "";
  return [
    {
      language: "TypeScript",
      code: [
        `// npm install ${packages}`,
        `import { ${names} } from "convbert";`,
        "",
        `const run = await pipeline("${named}", ${source});`,
        `console.log(await run(${call}));`,
        "run.dispose();",
        "",
      ].join("\n"),
    },
    { language: "Command line", code: `${install}\n${typed}\n` },
    { language: "Python", code: `${prepare}${python.replaceAll("{model}", quoted(local))}\n` },
  ];
}
