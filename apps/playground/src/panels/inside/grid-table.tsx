import { useState } from "preact/hooks";
import { Scroll } from "../../ui/scroll.js";

interface Props {
  readonly title: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Row by row. */
  readonly data: Float32Array;
}

/** The numbers of a picture. A table is made when it is opened: it may have thousands of cells. */
export function GridTable({ title, rows, columns, data }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && (
        <Scroll label={title}>
          <table>
            <thead>
              <tr>
                <td />
                {columns.map((name, index) => (
                  <th key={index} scope="col">
                    <bdi>{name}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((name, row) => (
                <tr key={row}>
                  <th scope="row">
                    <bdi>{name}</bdi>
                  </th>
                  {columns.map((_, column) => (
                    <td key={column}>{data[row * columns.length + column]!.toFixed(3)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </details>
  );
}
