import { printable } from "../printable.js";
import { clipped, grouped, type Style } from "../style.js";

/** What the tree shows of a weight. */
export interface TreeParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Another weight that is the same memory; counted there. */
  readonly tiedTo?: string;
}

interface Node {
  readonly name: string;
  readonly children: Map<string, Node>;
  readonly parameter?: TreeParameter;
}

/**
 * Parameters by module, a line each, with counts on the right. Layers of the same form stand for each other: the first
 * is shown, with how many there are.
 */
export function moduleTree(title: string, parameters: readonly TreeParameter[], style: Style): string {
  const root: Node = { name: title, children: new Map() };
  for (const parameter of parameters) {
    let node = root;
    const path = parameter.name.split(".");
    for (const [i, name] of path.entries()) {
      const next = node.children.get(name) ?? {
        name,
        children: new Map(),
        ...(i === path.length - 1 && { parameter }),
      };
      node.children.set(name, next);
      node = next;
    }
  }
  const lines: Line[] = [];
  walk(root, "", "", lines);
  const left = Math.max(...lines.map(({ text }) => text.length));
  const right = Math.max(...lines.map(({ count }) => grouped(count).length));
  const { dim, bold } = style.colors;
  // A note that does not fit is cut: broken by the terminal, the lines would be no tree.
  const room = style.columns - left - right - 4;
  return lines
    .map(({ text, count, note: whole }, i) => {
      const note = room < 8 ? "" : clipped(whole, room);
      const number = grouped(count).padStart(right);
      const rest = note ? `  ${dim(note)}` : "";
      return `${i === 0 ? bold(text.padEnd(left)) : text.padEnd(left)}  ${i === 0 ? bold(number) : number}${rest}`;
    })
    .join("\n");
}

interface Line {
  readonly text: string;
  readonly count: number;
  readonly note: string;
}

function walk(node: Node, head: string, tail: string, lines: Line[]): void {
  lines.push({ text: head + printable(node.name), count: countOf(node), note: noteOf(node) });
  if (isLeafModule(node)) return;
  const groups = alike([...node.children.values()]);
  for (const [i, group] of groups.entries()) {
    const last = i === groups.length - 1;
    const [first] = group as [Node];
    const shown =
      group.length === 1 ? first : { ...first, name: `${first.name} … ${group.at(-1)!.name}  (${group.length} alike)` };
    const line = lines.length;
    walk(shown, `${tail}${last ? "└─ " : "├─ "}`, `${tail}${last ? "   " : "│  "}`, lines);
    // The line stands for all of them; below it is one.
    if (group.length > 1) lines[line] = { ...lines[line]!, count: group.reduce((sum, item) => sum + countOf(item), 0) };
  }
}

/** A module whose children are all weights fits on one line. */
function isLeafModule({ children }: Node): boolean {
  return [...children.values()].every(({ parameter }) => parameter !== undefined);
}

function noteOf(node: Node): string {
  const own = node.parameter ? [node] : isLeafModule(node) ? [...node.children.values()] : [];
  return own
    .map(({ name, parameter }) => {
      const shape = `${name} [${parameter!.shape.join(", ")}]`;
      return parameter!.tiedTo === undefined ? shape : `${shape} = ${parameter!.tiedTo}`;
    })
    .join("  ");
}

/** Neighbours with numbers for names and the same weights inside. */
function alike(nodes: readonly Node[]): Node[][] {
  const groups: Node[][] = [];
  for (const node of nodes) {
    const previous = groups.at(-1)?.[0];
    const same = previous && /^\d+$/.test(node.name) && formOf(previous) === formOf(node);
    if (same) groups.at(-1)!.push(node);
    else groups.push([node]);
  }
  return groups;
}

function formOf({ children, parameter }: Node): string {
  return parameter
    ? `[${parameter.shape}]`
    : `{${[...children].map(([name, child]) => `${name}${formOf(child)}`).join()}}`;
}

function countOf({ children, parameter }: Node): number {
  if (parameter) return parameter.tiedTo === undefined ? sizeOf(parameter.shape) : 0;
  return [...children.values()].reduce((sum, child) => sum + countOf(child), 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
