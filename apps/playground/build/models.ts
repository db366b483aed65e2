import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedModel, SMALL_MODELS, type SmallModel } from "convbert";
import type { Plugin } from "vite";

/** Notes about a model and of its package, which no page needs. */
const LEFT_OUT = new Set(["expected.json", "metrics.json", "package.json"]);

const NAMES = Object.keys(SMALL_MODELS) as SmallModel[];

/** The files of each model of ours: their names within its folder. */
export function modelFiles(): Record<string, string[]> {
  return Object.fromEntries(
    NAMES.map((name) => {
      const folder = fileURLToPath(installedModel(name));
      // Folders within it belong to the model, too, such as how a sentence's vector is pooled.
      const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
        (file) => !LEFT_OUT.has(file) && statSync(join(folder, file)).isFile(),
      );
      return [name, names.map((file) => file.replaceAll("\\", "/"))];
    }),
  );
}

/** Our models, as folders under `models/`: served while developing, copied by a build. */
export function models(): Plugin {
  const paths = new Map<string, string>();
  for (const [name, files] of Object.entries(modelFiles())) {
    const folder = fileURLToPath(installedModel(name as SmallModel));
    for (const file of files) paths.set(`${name}/${file}`, join(folder, file));
  }
  return {
    name: "convbert-models",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /\/models\/([\w-]+(?:\/[\w.-]+)+)/.exec(request.url ?? "")?.[1];
        const path = name === undefined ? undefined : paths.get(name);
        if (path === undefined) return next();
        response.setHeader("Content-Length", statSync(path).size);
        createReadStream(path).pipe(response);
      });
    },
    generateBundle() {
      for (const [name, path] of paths) {
        this.emitFile({ type: "asset", fileName: `models/${name}`, source: readFileSync(path) });
      }
    },
  };
}
