import classes from './flow-picture.module.css';
import type { FlowPicture as Picture } from './flow-picture-shape';

/** A flow as a small picture beside its description: its nodes as boxes where they are on the canvas, and its edges. */
export function FlowPicture({ picture }: { picture: Picture }) {
  const { width, height, nodes, edges } = picture;
  return (
    <svg className={classes.picture} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      {edges.map((path) => (
        <path key={path} d={path} className={classes.edge} />
      ))}
      {nodes.map(({ id, x, y, width, height, tone }) => (
        <rect key={id} x={x} y={y} width={width} height={height} rx={9} data-tone={tone} className={classes.node} />
      ))}
    </svg>
  );
}
