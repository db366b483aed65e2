import type { TextEncoding } from "./encoding.js";

export interface DelimitedOptions {
  /** Default ",", or what the line `sep=;` says that Excel writes before the header. */
  readonly delimiter?: string;
  /**
   * What stands around fields with delimiters or line breaks in them, doubled within (RFC 4180). Default `"`; null for
   * none, the default where the delimiter is a tab: there quotes are part of the text.
   */
  readonly quote?: string | null;
  /** The columns' names, for files without a header line. */
  readonly columns?: readonly string[];
  /** Lines between rows that begin so are comments. Default none. */
  readonly comment?: string;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}
