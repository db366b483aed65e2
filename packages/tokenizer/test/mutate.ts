/** Changes JSON in places, as damage and malice do; the same changes for the same seed. */

import type { Random } from "../../../tooling/config/seeded.ts";

type Holder = Record<string, unknown> | unknown[];

/** Values that nobody expects, each made anew. */
const ODD: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => -5,
  () => 0.5,
  () => 1e30,
  () => 2 ** 31,
  () => 2 ** 53,
  () => Number.MAX_VALUE,
  () => "",
  () => "x",
  () => "\u0000\u001b[31m\ud800",
  () => "a".repeat(5000),
  () => "(a+)+$",
  () => "[",
  () => "__proto__",
  () => [],
  () => [null],
  () => [[]],
  () => ["a", 1],
  () => ({}),
  () => ({ toString: null }),
  () => ({ valueOf: null, toString: null }),
  () => ({ length: 1e9 }),
  () => ({ content: {} }),
  () => ({ type: "Sequence" }),
  () => ({ type: "constructor" }),
  () => ({ type: { toString: null } }),
  () => JSON.parse(`{"__proto__": {"type": "Lowercase"}}`),
  () => nested(40),
  () => nested(2000),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { normalizers: value, type: "Sequence" };
  return value;
}

/** Every object and list of a value; of large ones the first and last entries. */
function holders(value: unknown): Holder[] {
  const found: Holder[] = [];
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null || found.length > 2000) return;
    found.push(part as Holder);
    const inner = Object.values(part);
    for (const next of inner.length > 20 ? [...inner.slice(0, 10), ...inner.slice(-10)] : inner) visit(next);
  };
  visit(value);
  return found;
}

/** A changed copy of JSON text, or damaged text. */
export function mutate(text: string, random: Random): string {
  if (random(12) === 0) return damage(text, random);
  const root: { value: unknown } = { value: JSON.parse(text) };
  for (let turn = random(2) === 0 ? 1 : 2 + random(3); turn > 0; turn--) {
    const all = holders(root);
    const holder = all[random(all.length)]!;
    const keys = Object.keys(holder);
    const target = holder as Record<string, unknown>;
    const key = keys[random(keys.length)] ?? "x";
    const other = Object.values(all[random(all.length)]!);
    switch (random(7)) {
      case 0:
        if (holder !== (root as unknown)) delete target[key];
        break;
      case 1:
        if (other.length > 0 && JSON.stringify(other).length < 20_000)
          target[key] = structuredClone(other[random(other.length)]);
        break;
      case 2:
        if (typeof target[key] === "number")
          target[key] = (target[key] as number) + [1, -1, 0.5, 1e9, -1e9][random(5)]!;
        else target[key] = [target[key]];
        break;
      case 3:
        if (Array.isArray(holder)) holder.push(...structuredClone(holder.slice(0, 3)));
        else target[["toString", "type", "content", "id", "hasOwnProperty"][random(5)]!] = ODD[random(ODD.length)]!();
        break;
      default:
        target[key] = ODD[random(ODD.length)]!();
    }
  }
  return JSON.stringify(root.value) ?? "";
}

function damage(text: string, random: Random): string {
  const at = random(text.length);
  switch (random(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random(128)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random(20));
    default:
      return `${"[".repeat(random(2) ? 10 : 200_000)}${text}`;
  }
}
