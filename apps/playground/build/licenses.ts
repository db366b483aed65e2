import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

/** The folder of the package that a module is of, where that is somebody else's. */
function packageFolder(module: string): string | undefined {
  const path = module.replace(/^\0/, "").replace(/\?.*$/, "");
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function section(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(entry));
  const owner = typeof author === "object" ? author.name : author;
  const text =
    file !== undefined
      ? `\n${readFileSync(join(folder, file), "utf8").trim()}\n`
      : `\n${owner === undefined ? "" : `By ${owner}. `}The licence's text: https://spdx.org/licenses/\n`;
  return `## ${name} ${version} (${license})\n${text}`;
}

/**
 * `licenses.md` beside the page: what of other people's code the page and its workers hold, with their licences. Vite's own
 * `build.license` leaves the workers out.
 */
export function licenses(): { page: Plugin; worker: () => Plugin[] } {
  const folders = new Set<string>();
  const collect = (bundle: Readonly<Record<string, object>>): void => {
    for (const chunk of Object.values(bundle)) {
      for (const module of "moduleIds" in chunk ? (chunk.moduleIds as string[]) : []) {
        const folder = packageFolder(module);
        if (folder !== undefined) folders.add(folder);
      }
    }
  };
  return {
    worker: () => [{ name: "licenses-of-workers", generateBundle: (_, bundle) => collect(bundle) }],
    page: {
      name: "licenses",
      apply: "build",
      generateBundle(_, bundle) {
        collect(bundle);
        const sections = [...new Set([...folders].map(section))].sort();
        const source = `# Licences of the code in this page\n\n${sections.join("\n")}`;
        this.emitFile({ type: "asset", fileName: "licenses.md", source });
      },
    },
  };
}
