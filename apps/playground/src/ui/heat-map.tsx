import { useEffect, useRef } from "preact/hooks";
import { theme } from "../state/theme.js";

interface Props {
  /** Row by row. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Values on both sides of zero: two colours. Otherwise from 0 to the largest. */
  readonly signed?: boolean;
  readonly class?: string;
  /** Called with a cell, or with null where the pointer leaves. */
  readonly onCell?: (cell: { row: number; column: number } | null) => void;
}

/** Colours of values above and below zero; how strong a value is shows in its opacity, so that it suits any ground. */
const ABOVE = [224, 122, 31] as const;
const BELOW = [64, 110, 230] as const;

/** Numbers as a picture of as many pixels, scaled up by CSS. What it shows has to be said beside it, for readers. */
export function HeatMap({ data, rows, columns, signed = false, class: name = "", onCell }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = theme.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    for (const [index, value] of data.entries()) {
      const [red, green, blue] = value < 0 || !signed ? BELOW : ABOVE;
      const strength = Math.sqrt(Math.abs(value) / largest);
      image.data.set([red, green, blue, strength * 255], index * 4);
    }
    context.putImageData(image, 0, 0);
  }, [data, rows, columns, signed, scheme]);

  const cellOf = (event: PointerEvent & { readonly currentTarget: HTMLCanvasElement }) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const row = Math.floor(((event.clientY - top) / height) * rows);
    const column = Math.floor(((event.clientX - left) / width) * columns);
    return { row: Math.min(rows - 1, Math.max(0, row)), column: Math.min(columns - 1, Math.max(0, column)) };
  };
  return (
    <canvas
      ref={canvas}
      class={`heat ${name}`}
      width={columns}
      height={rows}
      {...(onCell && {
        onPointerDown: (event) => onCell(cellOf(event)),
        onPointerMove: (event) => onCell(cellOf(event)),
        onPointerLeave: () => onCell(null),
      })}
    />
  );
}
