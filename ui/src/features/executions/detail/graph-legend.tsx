import classes from './graph.module.css';
import { texts } from './texts';
import type { EdgeState, GraphEdge } from './to-graph';

const STATES: readonly EdgeState[] = ['taken', 'not_taken', 'open'];

/** The legend of the edges that the graph has. */
export function GraphLegend({ edges }: { edges: readonly GraphEdge[] }) {
  const there = new Set(edges.map((edge) => edge.state));
  return STATES.filter((state) => there.has(state)).map((state) => (
    <span key={state} className={classes.legend}>
      <svg width="22" height="8" aria-hidden role="presentation" className={classes[state]}>
        <line x1="0" x2="22" y1="4" y2="4" className="react-flow__edge-path" />
      </svg>
      {texts.graph.legend[state]}
    </span>
  ));
}
