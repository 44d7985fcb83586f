import { useDebouncedValue } from '@mantine/hooks';
import { type FocusEvent, type MouseEvent, useState } from 'react';
import { edgeByKey } from '../document/definition';
import { useDraft } from '../document/draft-context';
import type { Point } from '../document/positions';
import { Carried } from './carried';
import classes from './carried.module.css';

const PAUSE_MS = 350;
/** Room that a hint needs, in pixels: it is kept inside the window. */
const ROOM = { x: 350, y: 220 };

interface Hinted {
  key: string;
  at: Point;
}

/** Shows what an edge carries, beside it, while a pointer or the focus is on it. */
export function EdgeHint({ flow, hinted }: { flow: string; hinted: Hinted | null }) {
  const [late] = useDebouncedValue(hinted, PAUSE_MS);
  const edge = useDraft((state) => (late && late === hinted ? edgeByKey(state.graph, late.key) : undefined));
  if (!edge || !late) return null;
  const left = Math.max(12, Math.min(late.at.x + 14, window.innerWidth - ROOM.x));
  const top = Math.max(12, Math.min(late.at.y + 14, window.innerHeight - ROOM.y));
  return (
    <div className={classes.hint} role="tooltip" style={{ left, top }}>
      <Carried flow={flow} edge={edge} />
    </div>
  );
}

/** Returns the edge that a pointer or the focus is on, and the handlers that know of it. */
export function useHintedEdge() {
  const [hinted, setHinted] = useState<Hinted | null>(null);
  return {
    hinted,
    onEdges: {
      onEdgeMouseEnter: ({ clientX: x, clientY: y }: MouseEvent, { id: key }: { id: string }) =>
        setHinted({ key, at: { x, y } }),
      onEdgeMouseLeave: () => setHinted(null),
    },
    onFocus: ({ target }: FocusEvent) => {
      const edge = target.closest('.react-flow__edge:focus-visible');
      const key = edge?.getAttribute('data-id');
      if (!edge || !key) return;
      const { x, y, width, height } = edge.getBoundingClientRect();
      setHinted({ key, at: { x: x + width / 2, y: y + height / 2 } });
    },
    onBlur: () => setHinted(null),
  };
}
