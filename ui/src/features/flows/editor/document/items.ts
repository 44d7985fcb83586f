/**
 * What the canvas shows beside nodes: notes, and groups, which are frames around nodes. They are in the `ui` of a graph, and mean
 * nothing to what runs. All functions are pure.
 */
import type { Node, NodeChange } from '@xyflow/react';
import type { FlowDefinition } from '@/api/types';
import { isRecord, numberOf } from '@/lib/json';
import { freeId } from './definition';
import { GRID, heightOf, NODE_WIDTH, type Point, positionsOf } from './positions';

export const TONES = ['neutral', 'info', 'success', 'warning', 'danger', 'attention'] as const;
type ItemTone = (typeof TONES)[number];
export type ItemKind = 'note' | 'group';

export interface Box extends Point {
  width: number;
  height: number;
}

/** A note or a group. */
export interface Item extends Box {
  kind: ItemKind;
  id: string;
  /** The text of a note, the title of a group. */
  text: string;
  tone: ItemTone;
}

interface ItemData extends Record<string, unknown> {
  item: Item;
}

export type CanvasItem = Node<ItemData, 'canvas-note' | 'canvas-group'>;

const LISTS = { note: 'notes', group: 'groups' } as const;
const TEXTS = { note: 'text', group: 'title' } as const;
/** Room in a group around what it frames, more of it above for the title. */
const MARGIN = { side: 24, top: 48 };
const SIDE_MIN = 20;

/** Returns the notes and groups of a graph, groups first: they are behind everything else. What cannot be read is not drawn. */
export function itemsOf(graph: FlowDefinition): Item[] {
  const ui: unknown = graph.ui;
  if (!isRecord(ui)) return [];
  return (['group', 'note'] as const).flatMap((kind) => {
    const list = ui[LISTS[kind]];
    return Array.isArray(list) ? list.flatMap((one) => itemOf(kind, one) ?? []) : [];
  });
}

function itemOf(kind: ItemKind, value: unknown): Item | null {
  if (!isRecord(value) || typeof value.id !== 'string') return null;
  const [x, y, width, height] = [value.x, value.y, value.width, value.height].map(numberOf);
  if (x == null || y == null || width == null || height == null) return null;
  const text = value[TEXTS[kind]];
  const tone = TONES.find((known) => known === value.tone) ?? 'neutral';
  return { kind, id: value.id, text: typeof text === 'string' ? text : '', tone, x, y, width, height };
}

/** Nodes have no ids that begin with a space. */
const MARK = ' ';

/** Returns the id that an item has on the canvas, where nodes have theirs. */
export const drawnId = (id: string) => `${MARK}${id}`;

/** Returns the item that a drawn id is of; `null` for that of a node. */
export const itemIdOf = (drawn: string) => (drawn.startsWith(MARK) ? drawn.slice(MARK.length) : null);

/** Translates the items of a graph for React Flow. */
export function drawItems(graph: FlowDefinition, chosen: readonly string[]): CanvasItem[] {
  return itemsOf(graph).map((item) => ({
    id: drawnId(item.id),
    type: `canvas-${item.kind}`,
    position: { x: item.x, y: item.y },
    width: item.width,
    height: item.height,
    selected: chosen.includes(item.id),
    // The canvas raises what is selected by 1,000; items stay behind the nodes.
    zIndex: (item.kind === 'group' ? -2 : -1) - (chosen.includes(item.id) ? 1_000 : 0),
    // What is in the frame of a group is reached through it.
    ...(item.kind === 'group' && { style: { pointerEvents: 'none' } }),
    ariaLabel: item.text === '' ? item.kind : `${item.kind}: ${item.text.slice(0, 80)}`,
    data: { item },
  }));
}

/** Keeps unchanged objects, so that only changes are rendered again. */
export function mergeItems(before: readonly CanvasItem[], after: CanvasItem[]): CanvasItem[] {
  const old = new Map(before.map((item) => [item.id, item]));
  return after.map((item) => {
    const was = old.get(item.id);
    if (!was) return item;
    const isSame =
      was.selected === item.selected && isSameItem(was.data.item, item.data.item) && isAt(was, item.position);
    return isSame ? was : { ...item, ...(was.measured && { measured: was.measured }) };
  });
}

const isAt = ({ position }: CanvasItem, { x, y }: Point) => position.x === x && position.y === y;

function isSameItem(one: Item, other: Item): boolean {
  return (Object.keys(one) as (keyof Item)[]).every((key) => one[key] === other[key]);
}

/** A change of the graph on the canvas, as commands are. */
type Change = (graph: FlowDefinition) => FlowDefinition;

/** Adds an item under an unused id. */
export function addItem(item: Item): Change {
  return (graph) => {
    const id = freeId(item.id, new Set(itemsOf(graph).map((known) => known.id)));
    return withList(graph, item.kind, (list) => [...list, written({ ...item, id })]);
  };
}

function written({ kind, text, ...rest }: Item): Record<string, unknown> {
  return { ...rest, [TEXTS[kind]]: text };
}

/** Sets keys of an item. */
export function updateItem(id: string, changes: Partial<Omit<Item, 'kind' | 'id'>>): Change {
  return (graph) => {
    const item = itemsOf(graph).find((one) => one.id === id);
    if (!item || isSameItem(item, { ...item, ...changes })) return graph;
    const { text, ...rest } = changes;
    const set = { ...rest, ...(text !== undefined && { [TEXTS[item.kind]]: text }) };
    return withList(graph, item.kind, (list) => list.map((one) => (one.id === id ? { ...one, ...set } : one)));
  };
}

/** Moves items to these points. */
export function moveItems(points: ReadonlyMap<string, Point>): Change {
  return (graph) => [...points].reduce((moved, [id, { x, y }]) => updateItem(id, { x, y })(moved), graph);
}

export function removeItems(ids: readonly string[]): Change {
  return (graph) => {
    const kept = (list: Written[]) => list.filter(({ id }) => !ids.includes(id as string));
    return ids.length === 0 ? graph : withList(withList(graph, 'note', kept), 'group', kept);
  };
}

type Written = Record<string, unknown>;

function withList(graph: FlowDefinition, kind: ItemKind, change: (list: Written[]) => Written[]): FlowDefinition {
  const ui: Written = isRecord(graph.ui) ? graph.ui : {};
  const list = ui[LISTS[kind]];
  return {
    ...graph,
    ui: { ...ui, [LISTS[kind]]: change(Array.isArray(list) ? list.filter(isRecord) : []) },
  } as FlowDefinition;
}

/** Returns the boxes of nodes and items by their drawn ids. */
function boxesOf(graph: FlowDefinition): Map<string, Box> {
  const positions = positionsOf(graph);
  const nodes = graph.nodes.map((node): [string, Box] => {
    const { x, y } = positions.get(node.id) ?? { x: 0, y: 0 };
    return [node.id, { x, y, width: NODE_WIDTH, height: heightOf(node) }];
  });
  return new Map([...nodes, ...itemsOf(graph).map((item): [string, Box] => [drawnId(item.id), item])]);
}

/** Returns the drawn ids of what is in a group: what lies in its frame with its middle. */
export function membersOf(graph: FlowDefinition, id: string): string[] {
  const frame = itemsOf(graph).find((item) => item.id === id && item.kind === 'group');
  if (!frame) return [];
  const isIn = (box: Box) => {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    return x >= frame.x && x <= frame.x + frame.width && y >= frame.y && y <= frame.y + frame.height;
  };
  const isSmaller = (box: Box) => box.width * box.height < frame.width * frame.height;
  return [...boxesOf(graph)].filter(([, box]) => isIn(box) && isSmaller(box)).map(([drawn]) => drawn);
}

/** Returns a box below those that it would overlap. */
export function freeBox(graph: FlowDefinition, box: Box): Box {
  const free = { ...box };
  for (const other of [...boxesOf(graph).values()].toSorted((a, b) => a.y - b.y)) {
    if (overlap(free, other)) free.y = other.y + other.height + GRID * 2;
  }
  return free;
}

function overlap(one: Box, other: Box): boolean {
  const isApart = (a: Box, b: Box) => a.x + a.width <= b.x || a.y + a.height <= b.y;
  return !isApart(one, other) && !isApart(other, one);
}

/** Returns the frame around these nodes and items; `null` around nothing. */
export function frameAround(graph: FlowDefinition, drawn: readonly string[]): Box | null {
  const boxes = boxesOf(graph);
  const inside = drawn.flatMap((id) => boxes.get(id) ?? []);
  if (inside.length === 0) return null;
  const left = Math.min(...inside.map(({ x }) => x)) - MARGIN.side;
  const top = Math.min(...inside.map(({ y }) => y)) - MARGIN.top;
  const right = Math.max(...inside.map(({ x, width }) => x + width)) + MARGIN.side;
  const bottom = Math.max(...inside.map(({ y, height }) => y + height)) + MARGIN.side;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Returns the changes of positions that follow from those of groups: what is in a frame moves with it. */
export function carriedBy(changes: readonly NodeChange[], graph: FlowDefinition): NodeChange[] {
  const moved = new Set(changes.flatMap((change) => ('id' in change ? change.id : [])));
  const boxes = boxesOf(graph);
  return changes.flatMap((change): NodeChange[] => {
    const id = change.type === 'position' ? itemIdOf(change.id) : null;
    if (id === null || change.type !== 'position' || !change.position) return [];
    const from = boxes.get(change.id);
    if (!from) return [];
    const [dx, dy] = [change.position.x - from.x, change.position.y - from.y];
    return membersOf(graph, id).flatMap((drawn): NodeChange[] => {
      const box = boxes.get(drawn);
      if (!box || moved.has(drawn)) return [];
      moved.add(drawn);
      const position = { x: box.x + dx, y: box.y + dy };
      return [
        { id: drawn, type: 'position', position, ...(change.dragging !== undefined && { dragging: change.dragging }) },
      ];
    });
  });
}

export const isOfItem = (change: NodeChange) => 'id' in change && itemIdOf(change.id) !== null;

/** Returns the changes of nodes, and those of items, which then have the ids of the items. */
export function partedChanges(changes: readonly NodeChange[]): [NodeChange[], NodeChange[]] {
  const ofItems = changes.flatMap((change) => {
    const id = 'id' in change ? itemIdOf(change.id) : null;
    return id === null ? [] : [{ ...change, id } as NodeChange];
  });
  return [changes.filter((change) => !isOfItem(change)), ofItems];
}

/** Keeps the sides of an item from becoming too short to be hit. */
export function resized(
  { width, height }: Box,
  by: { width?: number; height?: number },
): Pick<Box, 'width' | 'height'> {
  return {
    width: Math.max(SIDE_MIN * 4, Math.round(width + (by.width ?? 0))),
    height: Math.max(SIDE_MIN * 2, Math.round(height + (by.height ?? 0))),
  };
}
