import { useLocalStorage } from '@mantine/hooks';
import type { KeyboardEvent, PointerEvent } from 'react';
import classes from './graph.module.css';
import { texts } from './texts';

const LEAST = 200;
const MOST = 900;
const USUAL = 320;
const STEP = 40;

/** The height of the graph in pixels, as this browser remembers it. */
export function useGraphHeight() {
  const [height, setHeight] = useLocalStorage({ key: 'steadflow.graph-height', defaultValue: USUAL });
  return [bounded(height), setHeight] as const;
}

interface GraphResizerProps {
  height: number;
  onHeight: (height: number) => void;
}

/** The lower edge of the graph: dragged, moved with the arrow keys, or reset by a double click. */
export function GraphResizer({ height, onHeight }: GraphResizerProps) {
  const drag = (event: PointerEvent<HTMLHRElement>) => {
    event.preventDefault();
    const handle = event.currentTarget;
    const offset = height - event.clientY;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = ({ clientY }) => onHeight(bounded(clientY + offset));
    handle.onlostpointercapture = () => {
      handle.onpointermove = null;
    };
  };
  const press = (event: KeyboardEvent) => {
    const next = { ArrowDown: height + STEP, ArrowUp: height - STEP, Home: LEAST, End: MOST }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onHeight(bounded(next));
  };
  return (
    <hr
      className={classes.resizer}
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={texts.graph.resize}
      aria-valuenow={height}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      onPointerDown={drag}
      onKeyDown={press}
      onDoubleClick={() => onHeight(USUAL)}
    />
  );
}

function bounded(height: number): number {
  return Number.isFinite(height) ? Math.round(Math.min(MOST, Math.max(LEAST, height))) : USUAL;
}
