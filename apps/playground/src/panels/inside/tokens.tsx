import { Scroll } from "../../ui/scroll.js";
import type { TokenRow, Tokens } from "../../worker/protocol.js";

/** A token of each tokenizer, or of one only where they differ. */
interface Pair {
  readonly fast: TokenRow | null;
  readonly slow: TokenRow | null;
}

/** The tokens of both tokenizers, row by row; runs that differ stand side by side. */
function aligned({ fast, slow }: Tokens): Pair[] {
  const same = (a: TokenRow | undefined, b: TokenRow | undefined) =>
    a !== undefined && b !== undefined && a.id === b.id;
  let start = 0;
  while (start < Math.min(fast.length, slow.length) && same(fast[start], slow[start])) start++;
  let end = 0;
  while (end < Math.min(fast.length, slow.length) - start && same(fast.at(-1 - end), slow.at(-1 - end))) end++;
  const pairs: Pair[] = fast.slice(0, start).map((row, index) => ({ fast: row, slow: slow[index]! }));
  const [ours, theirs] = [fast.slice(start, fast.length - end), slow.slice(start, slow.length - end)];
  for (let index = 0; index < Math.max(ours.length, theirs.length); index++) {
    pairs.push({ fast: ours[index] ?? null, slow: theirs[index] ?? null });
  }
  for (let index = end; index > 0; index--) pairs.push({ fast: fast.at(-index)!, slow: slow.at(-index)! });
  return pairs;
}

/** Ids, places and words, the fast tokenizer beside the slow one. */
export function TokensView({ tokens, texts }: { tokens: Tokens; texts: readonly string[] }) {
  const pairs = aligned(tokens);
  const differing = pairs.filter(({ fast, slow }) => fast?.id !== slow?.id).length;
  let sequence = 0;
  let ends = 0;
  return (
    <section class="tokens">
      <h3>{tokens.fast.length} tokens</h3>
      <ul class="pieces" aria-label="Tokens">
        {tokens.fast.map(({ text, id, special, word }, index) => {
          const before = tokens.fast[index - 1];
          const isBorder = before === undefined || before.word !== word || special;
          return (
            <li key={index} class={`${special ? "special" : ""} ${isBorder ? "border" : ""}`}>
              <bdi>{text}</bdi>
              <small>{id}</small>
            </li>
          );
        })}
      </ul>
      <p class="hint">
        {differing === 0
          ? "Both tokenizers, the fast and the slow one, give these tokens."
          : `The fast and the slow tokenizer differ in ${differing} of them; they are marked in the table.`}
      </p>
      <details>
        <summary>Table of tokens, fast and slow</summary>
        <Scroll label="Tokens as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">#</th>
                <th scope="col">token</th>
                <th scope="col">id</th>
                <th scope="col">word</th>
                <th scope="col">place</th>
                <th scope="col">text there</th>
                <th scope="col">slow</th>
                <th scope="col">id</th>
              </tr>
            </thead>
            <tbody>
              {pairs.map(({ fast, slow }, index) => {
                if (fast?.special && index > 0) ends++;
                sequence = Math.min(ends, texts.length - 1);
                return (
                  <tr key={index} class={fast?.id === slow?.id ? "" : "differs"}>
                    <td>{index}</td>
                    <td>
                      <bdi>{fast?.text ?? "–"}</bdi>
                    </td>
                    <td>{fast?.id ?? "–"}</td>
                    <td>{fast?.word ?? "–"}</td>
                    <td>{fast?.place ? `${fast.place[0]}–${fast.place[1]}` : "–"}</td>
                    <td>
                      <bdi>{fast?.place ? texts[sequence]!.slice(...fast.place) : ""}</bdi>
                    </td>
                    <td>
                      <bdi>{slow?.text ?? "–"}</bdi>
                    </td>
                    <td>{slow?.id ?? "–"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      </details>
    </section>
  );
}
