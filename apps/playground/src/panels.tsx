import type { ComponentChildren } from "preact";
import type { Chunk, LabelScore, TokenView } from "./protocol.js";

/** What the classes of the question model stand for (Li and Roth 2002). */
const CLASS_NAMES: Readonly<Record<string, string>> = {
  ABBR: "abbreviation",
  DESC: "description",
  ENTY: "entity",
  HUM: "human",
  LOC: "location",
  NUM: "number",
};

/** What the phrase types of CoNLL-2000 stand for. */
const CHUNK_NAMES: Readonly<Record<string, string>> = {
  ADJP: "adjective phrase",
  ADVP: "adverb phrase",
  CONJP: "conjunction phrase",
  INTJ: "interjection",
  LST: "list marker",
  NP: "noun phrase",
  PP: "prepositional phrase",
  PRT: "particle",
  SBAR: "subordinate clause",
  UCP: "unlike coordinated phrase",
  VP: "verb phrase",
};

function Panel({ name, title, children }: { name: string; title: string; children: ComponentChildren }) {
  return (
    <section class={`panel ${name}`} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What kind of question this is, with all classes' probabilities. */
export function Classes({ classes }: { classes: readonly LabelScore[] }) {
  return (
    <Panel name="classes" title="What is asked for">
      <ol>
        {classes.map(({ label, score }, rank) => (
          <li key={label} class={rank === 0 ? "best" : ""} data-label={label}>
            <span class="label">{CLASS_NAMES[label] ?? label}</span>
            <span class="bar">
              <span style={{ width: `${score * 100}%` }} />
            </span>
            <span class="score">{(score * 100).toFixed(1)}%</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** The sentence with its phrases marked. */
export function Chunks({ text, chunks }: { text: string; chunks: readonly Chunk[] }) {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const { kind, score, start, end } of chunks) {
    parts.push(text.slice(at, start));
    parts.push(
      <mark key={start} data-kind={kind} title={`${CHUNK_NAMES[kind] ?? kind}, ${(score * 100).toFixed(1)}%`}>
        {text.slice(start, end)}
        <sub>{kind}</sub>
      </mark>,
    );
    at = end;
  }
  parts.push(text.slice(at));
  const kinds = [...new Set(chunks.map(({ kind }) => kind))];
  return (
    <Panel name="chunks" title="Phrases">
      <p class="sentence">{parts}</p>
      <p class="legend">
        {kinds.map((kind) => (
          <span key={kind} data-kind={kind}>
            {kind} {CHUNK_NAMES[kind] ?? ""}
          </span>
        ))}
      </p>
    </Panel>
  );
}

/** The word pieces and their ids, special tokens dimmed. */
export function Tokens({ tokens }: { tokens: readonly TokenView[] }) {
  return (
    <Panel name="tokens" title={`${tokens.length} tokens`}>
      <ul>
        {tokens.map(({ text, id, special }, index) => (
          <li key={index} class={special ? "special" : ""}>
            {text}
            <small>{id}</small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
