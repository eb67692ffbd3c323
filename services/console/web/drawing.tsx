// A DAG as a drawing: a box for each task, a line for each need, states by shape and colour.
import { useEffect, useMemo, useRef } from "react";
import { layOut, pathOf, type LayoutTask, type Size } from "./layout.ts";
import { Mark, toneOf, wordOf, type AnyState } from "./state.tsx";

export interface DrawingProps {
  readonly tasks: readonly LayoutTask[];
  /** Without it the boxes have no state: the drawing of a DAG, not of a run. */
  readonly stateOf?: (id: string) => AnyState;
  /** A few words below the task's name. */
  readonly noteOf: (id: string) => string;
  readonly selected?: string | undefined;
  readonly hrefOf?: (id: string) => string;
  readonly onSelect?: (id: string) => void;
}

const size: Size = { width: 164, height: 48, gapX: 30, gapY: 14 };
const MARGIN = 4;
/** Above it a drawing tells less than the table. */
const TASKS_MAX = 300;

export function Drawing(props: DrawingProps) {
  const { tasks } = props;
  const isTooLarge = tasks.length > TASKS_MAX;
  const layout = useMemo(() => layOut(isTooLarge ? [] : tasks, size), [tasks, isTooLarge]);
  const frame = useRef<HTMLDivElement>(null);
  const at = layout.tasks.find(({ id }) => id === props.selected);
  const middle = at === undefined ? undefined : at.x + size.width / 2;
  useEffect(() => {
    // On a narrow screen the drawing is wider than its frame: what is selected is in the middle of it.
    if (frame.current !== null && middle !== undefined)
      frame.current.scrollLeft = middle - frame.current.clientWidth / 2;
  }, [middle]);
  if (tasks.length === 0) return null;
  if (isTooLarge) return <p className="empty">{tasks.length} tasks are too many to draw.</p>;
  const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN];
  const { stateOf } = props;
  return (
    <div
      ref={frame}
      className="drawing"
      tabIndex={0}
      role="group"
      aria-label="Tasks and what they need"
    >
      <svg width={width} height={height} viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}>
        {layout.edges.map((edge) => (
          <path
            key={`${edge.from} ${edge.to}`}
            className={`edge ${stateOf === undefined ? "" : toneOf(stateOf(edge.from))}`}
            d={pathOf(edge)}
          />
        ))}
        {layout.tasks.map((task) => (
          <Box key={task.id} {...props} id={task.id} x={task.x} y={task.y} />
        ))}
      </svg>
    </div>
  );
}

interface BoxProps extends DrawingProps {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

function Box({ id, x, y, stateOf, noteOf, selected, hrefOf, onSelect }: BoxProps) {
  const state = stateOf?.(id);
  const left = state === undefined ? 12 : 33;
  const box = (
    <>
      <title>{state === undefined ? id : `${id}: ${wordOf(state)}`}</title>
      <rect width={size.width} height={size.height} rx="9" />
      {state !== undefined && (
        <g transform="translate(10 16)">
          <Mark state={state} />
        </g>
      )}
      <foreignObject x={left} y="5" width={size.width - left - 6} height={size.height - 10}>
        <div className="name">{id}</div>
        <div className="note">{noteOf(id)}</div>
      </foreignObject>
    </>
  );
  const className = `box ${state === undefined ? "" : toneOf(state)} ${selected === id ? "selected" : ""}`;
  return (
    <g className={className} transform={`translate(${x} ${y})`}>
      {hrefOf === undefined ? (
        box
      ) : (
        <a
          href={hrefOf(id)}
          aria-current={selected === id ? "true" : undefined}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onSelect?.(id);
          }}
        >
          {box}
        </a>
      )}
    </g>
  );
}
