import { useState } from "preact/hooks";

interface Props {
  readonly text: string;
  readonly label?: string;
  /** What is copied, where the label does not say it. */
  readonly about?: string;
  /** A button like others. */
  readonly isPlain?: boolean;
}

/** Copies a text, and says whether that worked. */
export function Copy({ text, label = "Copy", about, isPlain = false }: Props) {
  const [said, say] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      say("The browser did not allow it");
    }
    setTimeout(() => say(""), 2000);
  };
  return (
    <>
      <button
        type="button"
        class={isPlain ? "" : "quiet"}
        {...(about !== undefined && { "aria-label": `${label} ${about}` })}
        onClick={copy}
      >
        {said || label}
      </button>
      <span class="unseen" role="status">
        {said}
      </span>
    </>
  );
}
