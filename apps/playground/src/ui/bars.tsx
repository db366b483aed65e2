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

export function percent(score: number): string {
  return `${(score * 100).toFixed(1)}%`;
}
