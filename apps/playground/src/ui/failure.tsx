import type { ComponentChildren } from "preact";
import type { Failure } from "../worker/protocol.js";

/** Words for what went wrong, and ways on. */
export function Failed({ failure, children }: { failure: Failure; children?: ComponentChildren }) {
  return (
    <div class="failed" role="alert" data-code={failure.code}>
      <p>
        <bdi>{failure.message}</bdi>
      </p>
      {children !== undefined && <p class="ways">{children}</p>}
    </div>
  );
}
