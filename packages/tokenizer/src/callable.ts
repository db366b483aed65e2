/**
 * Base of classes whose instances can be called, as Python's `__call__` allows. An instance is a function with the
 * class's prototype; `length` and `name`, which every function has, make way for the class's own.
 */
export abstract class Callable {
  constructor() {
    const self = (...args: unknown[]): unknown => (self as unknown as Callable).call(...args);
    Object.setPrototypeOf(self, new.target.prototype);
    Reflect.deleteProperty(self, "length");
    Reflect.deleteProperty(self, "name");
    // biome-ignore lint/correctness/noConstructorReturn: this is what makes instances callable
    return self as unknown as this;
  }

  /** What calling the instance does. */
  protected abstract call(...args: unknown[]): unknown;
}
