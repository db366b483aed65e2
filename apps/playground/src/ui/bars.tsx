import type { ComponentChildren } from "preact";

export interface Bar {
  readonly key: string;
  readonly label: ComponentChildren;
  /** 0 to 1: how long the bar is. */
  readonly share: number;
  readonly value: string;
  readonly below?: ComponentChildren;
}

/** Numbers side by side, the first one being the answer. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  return (
    <ol class="bars" aria-label={label}>
      {bars.map(({ key, label: name, share, value, below }, rank) => (
        <li key={key} class={rank === 0 ? "best" : ""} data-label={key}>
          <span class="name">{name}</span>
          <span class="value">{value}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
          </span>
          {below !== undefined && <div class="below">{below}</div>}
        </li>
      ))}
    </ol>
  );
}

/** A text and what a model gives it; `key` where texts may be equal. */
export interface Scored {
  readonly text: string | undefined;
  readonly score: number;
  readonly key?: string;
}

/** Texts with their probabilities, or with their cosines. */
export function Scores({
  scores,
  label,
  are = "probabilities",
}: {
  scores: readonly Scored[];
  label: string;
  are?: "probabilities" | "cosines";
}) {
  const words = are === "probabilities" ? percent : (score: number) => score.toFixed(3);
  const bars = scores.map(({ text = "", score, key = text }) => ({
    key,
    label: <bdi>{text}</bdi>,
    share: score,
    value: words(score),
  }));
  return <Bars label={label} bars={bars} />;
}

export function percent(score: number): string {
  return `${(score * 100).toFixed(1)}%`;
}
