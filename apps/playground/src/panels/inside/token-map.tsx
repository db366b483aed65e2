import { useState } from "preact/hooks";
import { HeatMap } from "../../ui/heat-map.js";

/** Rows, or columns, that names still fit beside. */
const MOST_NAMES = 20;
const MOST_COLUMNS = 9;

interface Props {
  readonly tokens: readonly string[];
  readonly columns: readonly string[];
  /** A row for each token. */
  readonly data: Float32Array;
  readonly isSigned?: boolean;
  readonly chosen: number;
  readonly choose: (token: number) => void;
  readonly caption: string;
}

/** A picture with a row for each token, the chosen one framed; a pointer chooses, and reads a cell's number. */
export function TokenMap({ tokens, columns, data, isSigned = false, chosen, choose, caption }: Props) {
  const [cell, setCell] = useState<{ row: number; column: number } | null>(null);
  const count = tokens.length;
  const value = cell === null ? undefined : data[cell.row * columns.length + cell.column];
  return (
    <figure class="token-map">
      {count <= MOST_NAMES && (
        <ol class="names" aria-hidden="true">
          {tokens.map((text, row) => (
            <li key={row} class={row === chosen ? "chosen" : ""}>
              <bdi>{text}</bdi>
            </li>
          ))}
        </ol>
      )}
      <div class="picture">
        <HeatMap
          data={data}
          rows={count}
          columns={columns.length}
          signed={isSigned}
          onCell={(found) => {
            setCell(found);
            if (found !== null) choose(found.row);
          }}
        />
        <span class="row-frame" style={{ top: `${(chosen / count) * 100}%`, height: `${100 / count}%` }} />
      </div>
      {columns.length <= MOST_COLUMNS && (
        <ol class={`names below ${columns === tokens ? "long" : ""}`} aria-hidden="true">
          {columns.map((text, column) => (
            <li key={column}>
              <bdi>{text}</bdi>
            </li>
          ))}
        </ol>
      )}
      <figcaption>
        {value === undefined || cell === null ? (
          caption
        ) : (
          <>
            <bdi class="token">{tokens[cell.row]}</bdi>, <bdi class="token">{columns[cell.column]}</bdi>:{" "}
            {value.toFixed(3)}
          </>
        )}
      </figcaption>
    </figure>
  );
}
