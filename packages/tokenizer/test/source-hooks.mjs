// Lets Node itself run the sources: ".js" in an import stands for a ".ts" file.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    return next(
      specifier.startsWith(".") && specifier.endsWith(".js") ? `${specifier.slice(0, -3)}.ts` : specifier,
      context,
    );
  },
});
