/** Base of every error of this package: `operation` names the operation or the path of the tensor it is about. */
export class TensorError extends Error {
  readonly operation: string;

  constructor(operation: string, message: string, options?: ErrorOptions) {
    super(`${operation}: ${message}`, options);
    this.name = "TensorError";
    this.operation = operation;
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends TensorError {
  readonly expected: string;
  readonly received: readonly number[];

  constructor(operation: string, expected: string, received: readonly number[], hint = "") {
    super(operation, `expected ${expected}, got shape [${received.join(", ")}]${hint && `; ${hint}`}`);
    this.name = "ShapeError";
    this.expected = expected;
    this.received = received;
  }
}

/** An element type that the operation does not take. */
export class DTypeError extends TensorError {
  readonly expected: string;
  readonly received: string;

  constructor(operation: string, expected: string, received: string) {
    super(operation, `expected ${expected} elements, got ${received}`);
    this.name = "DTypeError";
    this.expected = expected;
    this.received = received;
  }
}

/** An index outside the table or sequence it points into. */
export class IndexError extends TensorError {
  readonly index: number;
  readonly limit: number;

  constructor(operation: string, what: string, index: number, limit: number, hint = "") {
    super(operation, `${what} ${index} is outside 0..${limit - 1}${hint && `; ${hint}`}`);
    this.name = "IndexError";
    this.index = index;
    this.limit = limit;
  }
}

/** A tensor used after its memory was given back. */
export class DisposedError extends TensorError {
  constructor(operation: string) {
    super(
      operation,
      "this tensor was disposed; keep it out of the scope's cleanup with keep() or return it from tidy()",
    );
    this.name = "DisposedError";
  }
}

/** The backend cannot be made or has no memory left. */
export class BackendError extends TensorError {
  constructor(operation: string, message: string, options?: ErrorOptions) {
    super(operation, message, options);
    this.name = "BackendError";
  }
}
