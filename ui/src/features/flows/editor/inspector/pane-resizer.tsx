import type { KeyboardEvent, PointerEvent } from 'react';
import classes from './dock.module.css';
import { PANE_WIDTHS, type PaneName, setWidth } from './panes';
import { texts } from './texts';

const STEP = 24;

interface PaneResizerProps {
  name: PaneName;
  width: number;
}

/** The left edge of a pane: dragged, moved with the arrow keys, or reset by a double click. */
export function PaneResizer({ name, width }: PaneResizerProps) {
  const { least, usual, most } = PANE_WIDTHS[name];
  const drag = (event: PointerEvent<HTMLHRElement>) => {
    event.preventDefault();
    const handle = event.currentTarget;
    const offset = width + event.clientX;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = ({ clientX }) => setWidth(name, offset - clientX);
    handle.onlostpointercapture = () => {
      handle.onpointermove = null;
    };
  };
  const press = (event: KeyboardEvent) => {
    const next = { ArrowLeft: width + STEP, ArrowRight: width - STEP, Home: least, End: most }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setWidth(name, next);
  };
  return (
    <hr
      className={classes.resizer}
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={texts.resize[name]}
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      onPointerDown={drag}
      onKeyDown={press}
      onDoubleClick={() => setWidth(name, usual)}
    />
  );
}
