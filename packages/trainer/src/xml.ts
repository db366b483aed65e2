export { type CopaOptions, copa } from "./xml/copa.js";
export { rte } from "./xml/rte.js";
