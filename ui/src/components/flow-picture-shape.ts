/** The picture of a flow, as boxes and lines. */
import { isRecord } from '@/lib/json';

export interface FlowPicture {
  width: number;
  height: number;
  nodes: readonly PictureNode[];
  /** Paths of SVG. */
  edges: readonly string[];
}

interface PictureNode {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  tone: string;
}

const SIZE = { width: 150, height: 64 };
const MARGIN = 16;

const TONES: Readonly<Record<string, string>> = {
  trigger: 'neutral',
  agent: 'attention',
  condition: 'warning',
  switch: 'warning',
  approval: 'success',
};

/** Returns the picture of a flow definition. Nodes without a position stand in a row. */
export function pictureOf(definition: unknown): FlowPicture {
  const records = listIn(definition, 'nodes');
  const places = records.map((node, at) => placeOf(node, at));
  const left = Math.min(...places.map(({ x }) => x)) - MARGIN;
  const top = Math.min(...places.map(({ y }) => y)) - MARGIN;
  const nodes = places.map(({ id, x, y, type }) => ({
    ...SIZE,
    id,
    x: x - left,
    y: y - top,
    tone: TONES[type] ?? 'info',
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = listIn(definition, 'edges').flatMap((edge) => {
    const [from, to] = [byId.get(String(edge.from)), byId.get(String(edge.to))];
    return from && to ? [lineBetween(from, to)] : [];
  });
  const width = Math.max(0, ...nodes.map((node) => node.x)) + SIZE.width + MARGIN;
  const height = Math.max(0, ...nodes.map((node) => node.y)) + SIZE.height + MARGIN;
  return { width, height, nodes, edges: [...new Set(edges)] };
}

function listIn(definition: unknown, key: string): Record<string, unknown>[] {
  const list = isRecord(definition) ? definition[key] : null;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function placeOf(node: Record<string, unknown>, at: number) {
  const place = isRecord(node.position) ? node.position : {};
  const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);
  return { id: String(node.id), type: String(node.type), x: number(place.x, at * 240), y: number(place.y, 0) };
}

function lineBetween(from: PictureNode, to: PictureNode): string {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = Math.max(40, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
