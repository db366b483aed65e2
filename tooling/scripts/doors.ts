// The entries of the packages and what they export, as the sources say it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export interface Door {
  /** What people import: `@convbert/trainer/xml`. */
  readonly name: string;
  /** Folder of the package, from the root of the clone. */
  readonly folder: string;
  /** The source file behind it. */
  readonly file: string;
  /** The declarations that the build makes of it. */
  readonly types: string;
}

export interface Export {
  readonly name: string;
  /** The name in the module that it comes from. */
  readonly original: string;
  readonly from: string;
}

const SOURCE = "@convbert/source";

/** Every entry of every package that is code. */
export function doorsOf(root = "packages"): Door[] {
  return readdirSync(root).flatMap((name): Door[] => {
    const folder = join(root, name);
    const path = join(folder, "package.json");
    if (!existsSync(path)) return [];
    const manifest = JSON.parse(readFileSync(path, "utf8")) as {
      name: string;
      private?: boolean;
      exports?: Record<string, unknown>;
    };
    return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
      if (target === null || typeof target !== "object" || !(SOURCE in target)) return [];
      const { [SOURCE]: source, types } = target as Record<string, string>;
      return [
        { name: manifest.name + subpath.slice(1), folder, file: join(folder, source!), types: join(folder, types!) },
      ];
    });
  });
}

const texts = new Map<string, string>();
/** A source without its comments. */
export function readCode(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, "utf8").replaceAll(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  texts.set(file, text);
  return text;
}

/** What a file passes on from others by name. */
export function passedOn(file: string): Export[] {
  return [...readCode(file).matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}\s*from\s*"([^"]+)"/g)].flatMap(
    ([, list, from]) =>
      list!.split(",").flatMap((item) => {
        const [original, name] = item
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/);
        return original ? [{ name: name ?? original, original, from: from! }] : [];
      }),
  );
}

/** What a file declares itself and exports. */
export function declared(file: string): string[] {
  const pattern =
    /\bexport\s+(?:declare\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?(?:class|function\*?|const|let|interface|type|enum)\s+(\w+)/g;
  return [...readCode(file).matchAll(pattern)].map(([, name]) => name!);
}

/** The file that a relative import means. `extension` is what stands for its ".js". */
export function importedFile(file: string, from: string, extension: ".ts" | ".d.ts"): string {
  return resolve(dirname(file), from).replace(`${process.cwd()}/`, "").replace(/\.js$/, extension);
}
