/** What a scope frees: a tensor. */
interface Scoped {
  dispose(): void;
}

/** The tensors that one running {@link tidy} has made. */
export type TidyScope = Set<Scoped>;

/**
 * Scopes are synchronous: a stack cannot follow interleaved asynchronous calls, so code that awaits keeps its tensors
 * explicitly between two scopes.
 */
export const scopes: TidyScope[] = [];

/** Called by every new tensor. */
export function register(tensor: Scoped): void {
  scopes.at(-1)?.add(tensor);
}

/** Called by a tensor that is disposed. */
export function unregister(tensor: Scoped): void {
  for (const scope of scopes) {
    scope.delete(tensor);
  }
}
