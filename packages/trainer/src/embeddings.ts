export { initialiseWordEmbeddings } from "./initialise/word-embeddings.js";
