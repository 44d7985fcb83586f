import classes from './flow-picture.module.css';
import type { FlowPicture as Picture } from './flow-picture-shape';

interface FlowPictureProps {
  picture: Picture;
  label: string;
}

/** A flow as a small picture: its nodes as boxes where they are on the canvas, and its edges. */
export function FlowPicture({ picture, label }: FlowPictureProps) {
  const { width, height, nodes, edges } = picture;
  return (
    <svg className={classes.picture} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {edges.map((path) => (
        <path key={path} d={path} className={classes.edge} />
      ))}
      {nodes.map(({ id, x, y, width, height, tone }) => (
        <rect key={id} x={x} y={y} width={width} height={height} rx={9} data-tone={tone} className={classes.node} />
      ))}
    </svg>
  );
}
