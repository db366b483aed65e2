/** A function that the assembly exports: its file and its parameters with their types there. */
interface Signature {
  readonly name: string;
  readonly file: string;
  readonly parameters: readonly string[];
}

/** A kernel's argument as callers give it, and the numbers that it becomes. */
interface Argument {
  readonly name: string;
  readonly type: "number" | "Rows";
  readonly numbers: readonly string[];
}

const HEADER = `// Made by src/kernels/build.ts from assembly/; do not edit.
import type { Rows } from "../wasm/rows.js";
`;

/**
 * The calls of all kernels as TypeScript: what each takes by name, and how that becomes the numbers of its parameters. A
 * kernel is an exported function that ends with `begin` and `end`, its range of units, which whoever runs it adds. The
 * parameters `x` and `xStride` are one argument, rows of a matrix.
 * @param declarations of the assembly's exports, as AssemblyScript writes them for its bindings.
 */
export function callsOf(declarations: string): string {
  const kernels = signatures(declarations).filter(({ parameters }) => parameters.slice(-2).join() === "begin,end");
  const calls = kernels.map(({ name, file, parameters }) => ({
    name,
    file,
    taken: argumentsOf(parameters.slice(0, -2)),
  }));
  const most = Math.max(...calls.map(({ taken }) => taken.flatMap(({ numbers }) => numbers).length));
  return `${HEADER}
/** What each kernel takes besides the range of its units. */
export interface KernelArguments {
${calls.map(declaration).join("\n")}
}

export type KernelName = keyof KernelArguments;

/** Numbers that a kernel takes at most. */
export const MOST_NUMBERS = ${most};

/** A kernel's arguments as the numbers that it takes, in its order. The order of the kernels numbers them for workers. */
export const NUMBERS: { readonly [Name in KernelName]: (args: KernelArguments[Name]) => number[] } = {
${calls.map(flattening).join("\n")}
};
`;
}

function signatures(declarations: string): Signature[] {
  const functions = declarations.matchAll(/\/\*\*\n((?:\s+\*.*\n)+?)\s+\*\/\n\s+export function (\w+)\(/g);
  return [...functions].map(([, comment = "", name = ""]) => ({
    name,
    file: /(assembly\/.*)\/\w+\n/.exec(comment)?.[1] ?? "",
    parameters: [...comment.matchAll(/@param (\w+) /g)].map(([, parameter = ""]) => parameter),
  }));
}

function argumentsOf(parameters: readonly string[]): Argument[] {
  return parameters.flatMap((name, index): Argument[] => {
    if (index > 0 && name === `${parameters[index - 1]}Stride`) {
      return [];
    }
    return parameters[index + 1] === `${name}Stride`
      ? [{ name, type: "Rows", numbers: [`${name}.address`, `${name}.stride`] }]
      : [{ name, type: "number", numbers: [name] }];
  });
}

interface Call {
  readonly name: string;
  readonly file: string;
  readonly taken: readonly Argument[];
}

function declaration({ name, file, taken }: Call): string {
  const fields = taken.map((argument) => `    readonly ${argument.name}: ${argument.type};`);
  return `  /** ${file}.ts */\n  readonly ${name}: {\n${fields.join("\n")}\n  };`;
}

function flattening({ name, taken }: Call): string {
  const numbers = taken.flatMap((argument) => argument.numbers.map((number) => `    a.${number},`));
  return `  ${name}: (a) => [\n${numbers.join("\n")}\n  ],`;
}
