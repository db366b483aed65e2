export { SearchError, type SearchErrorCode } from "./errors.js";
export {
  type IndexEntry,
  type SearchHit,
  type SearchOptions,
  VectorIndex,
  type VectorIndexOptions,
} from "./vector-index.js";
export type { VectorLike } from "./vectors.js";
