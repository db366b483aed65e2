import { FilesError } from "./errors.js";
import type { Subject } from "./http.js";

/*
 * Development servers and hosts of single-page applications answer every address, also one where there is no file, with
 * a page and status 200.
 */

/** Bytes at the start of a body that suffice to tell a page. */
export const PAGE_HEAD = 256;

/** Whether a file of that name may be a page: then nothing can be told. */
export function mayBePage(name: string): boolean {
  return /\.(x?html?|svg|xml|md)$/i.test(name);
}

/** Whether the server calls its answer a page. */
export function isCalledPage(response: Response): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get("content-type") ?? "");
}

/** Whether a body that starts so is a page. Some servers call any file text/html, and some call a page nothing. */
export function startsAsPage(head: Uint8Array, calledPage: boolean): boolean {
  const text = new TextDecoder().decode(head);
  return calledPage ? /^\s*</.test(text) : /^\s*<(!doctype\s+html|html[\s>])/i.test(text);
}

/** The error for a page in place of a file. */
export function pageInstead({ location, file }: Subject): FilesError {
  const message =
    `${location} has no file ${file}: the server answers with a web page in its place. Check the address; ` +
    "a page that wants a login or a network's consent looks like this, too";
  return new FilesError("not-found", message, { location, file });
}
