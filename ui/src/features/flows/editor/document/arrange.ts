/** Lines nodes up with each other. */
import type { FlowDefinition } from '@/api/types';
import { type Command, moveNodes } from './commands';
import { heightOf, NODE_WIDTH, type Point, positionsOf } from './positions';

/** What the nodes have in common afterwards. */
export type Line = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom';

interface Box extends Point {
  id: string;
  width: number;
  height: number;
}

/** Puts nodes in line: their left edges, middles or the like are where the outermost one's are, or in the middle of all. */
export function align(ids: readonly string[], line: Line): Command {
  return (definition) => {
    const boxes = boxesOf(definition, ids);
    if (boxes.length < 2) return definition;
    const left = Math.min(...boxes.map(({ x }) => x));
    const right = Math.max(...boxes.map(({ x, width }) => x + width));
    const top = Math.min(...boxes.map(({ y }) => y));
    const bottom = Math.max(...boxes.map(({ y, height }) => y + height));
    const placed = ({ x, y, width, height }: Box): Point => {
      switch (line) {
        case 'left':
          return { x: left, y };
        case 'center':
          return { x: Math.round((left + right - width) / 2), y };
        case 'right':
          return { x: right - width, y };
        case 'top':
          return { x, y: top };
        case 'middle':
          return { x, y: Math.round((top + bottom - height) / 2) };
        case 'bottom':
          return { x, y: bottom - height };
      }
    };
    return moveNodes(new Map(boxes.map((box) => [box.id, placed(box)])))(definition);
  };
}

/** Spreads nodes so that the gaps between them are the same; the outermost two stay. Fewer than three stay as they are. */
export function distribute(ids: readonly string[], axis: 'x' | 'y'): Command {
  return (definition) => {
    const size = axis === 'x' ? 'width' : 'height';
    const boxes = boxesOf(definition, ids).toSorted((one, other) => one[axis] - other[axis]);
    const [first] = boxes;
    const last = boxes.at(-1);
    if (boxes.length < 3 || !first || !last) return definition;
    const taken = boxes.reduce((sum, box) => sum + box[size], 0);
    const gap = (last[axis] + last[size] - first[axis] - taken) / (boxes.length - 1);
    let next = first[axis];
    const moves = boxes.map((box): [string, Point] => {
      const at = { x: box.x, y: box.y, [axis]: Math.round(next) };
      next += box[size] + gap;
      return [box.id, at];
    });
    return moveNodes(new Map(moves))(definition);
  };
}

function boxesOf(definition: FlowDefinition, ids: readonly string[]): Box[] {
  const chosen = new Set(ids);
  const positions = positionsOf(definition);
  return definition.nodes
    .filter(({ id }) => chosen.has(id))
    .map((node) => ({
      id: node.id,
      ...(positions.get(node.id) ?? { x: 0, y: 0 }),
      width: NODE_WIDTH,
      height: heightOf(node),
    }));
}
