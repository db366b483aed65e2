import { useState } from "preact/hooks";

/** Copies a text, and says whether that worked. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
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
    <button type="button" class="quiet" onClick={copy}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}
