// `node --import` of this lets Node itself run the sources: ".js" in their imports stands for a ".ts" file.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    const isSource = specifier.startsWith(".") && !context.parentURL?.includes("/node_modules/");
    return next(isSource ? specifier.replace(/\.js$/, ".ts") : specifier, context);
  },
});
