/** Written by the build: what it found of our models. */
declare const MODEL_FILES: Readonly<Record<string, readonly string[]>>;

/** The models that come with the page, and their files: asking for others would only make the server say no. */
export const SHIPPED: Readonly<Record<string, readonly string[]>> = MODEL_FILES;

export function isShipped(name: string): boolean {
  return Object.hasOwn(SHIPPED, name);
}
