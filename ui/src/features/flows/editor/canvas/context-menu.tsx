import { Menu } from '@mantine/core';
import {
  IconArrowsDiagonal,
  IconArrowsMaximize,
  IconBinaryTree,
  IconClipboard,
  IconCopy,
  IconCopyPlus,
  IconFlask,
  IconLayoutAlignBottom,
  IconLayoutAlignCenter,
  IconLayoutAlignLeft,
  IconLayoutAlignMiddle,
  IconLayoutAlignRight,
  IconLayoutAlignTop,
  IconLayoutDistributeHorizontal,
  IconLayoutDistributeVertical,
  IconMarquee2,
  IconNote,
  IconPlayerTrackNext,
  IconPlus,
  IconRoute,
  IconRouteScan,
  IconSearch,
  IconSelectAll,
  IconTrash,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { bodyOf } from '@/api/bodies';
import { Keys } from '@/components/commands/keys';
import { useFocusBefore } from '@/components/commands/use-focus-before';
import type { Testing } from '../bench/use-testing';
import { nodeById } from '../document/definition';
import { useDraftStore } from '../document/draft-context';
import type { DraftState } from '../document/draft-store';
import { membersOf } from '../document/items';
import type { Point } from '../document/positions';
import classes from './canvas.module.css';
import type { Asking } from './dialogs';
import { texts } from './texts';
import type { CanvasActions } from './use-actions';

/** Where a menu was asked for: in window coordinates, and on the canvas. */
export interface MenuPlace {
  at: Point;
  onCanvas: Point;
}

interface ContextMenuProps {
  place: MenuPlace;
  actions: CanvasActions;
  /** What tests nodes; `null` for those who may not. */
  testing: Testing | null;
  onAsk: (asking: Asking) => void;
  onClose: () => void;
}

/** The menu of what is selected, or of the canvas. */
export function ContextMenu({ place, onClose, ...rest }: ContextMenuProps) {
  const store = useDraftStore();
  const focusBefore = useFocusBefore();
  const close = () => {
    onClose();
    focusBefore();
  };
  const sections = sectionsOf(store.getState(), { place, ...rest });
  return (
    <Menu
      opened
      onClose={close}
      // Not `keydown`, which may be the key that opens it.
      clickOutsideEvents={['mousedown', 'touchstart']}
      position="bottom-start"
      withInitialFocusPlaceholder={false}
      width={260}
      shadow="md"
      trapFocus
      withinPortal
    >
      <Menu.Target>
        <span aria-hidden className={classes.looseEnd} style={{ left: place.at.x, top: place.at.y }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={texts.menu.label} className={classes.menu}>
        {sections.map(({ title, entries }, at) => [
          at > 0 && <Menu.Divider key={`before ${title}`} />,
          title && <Menu.Label key={title}>{title}</Menu.Label>,
          ...entries.map(({ label, icon: Icon, keys, act }) => (
            <Menu.Item
              key={label}
              leftSection={<Icon size={15} stroke={1.7} aria-hidden />}
              rightSection={keys && <Keys of={keys} />}
              onClick={() => {
                // What it opens gives the focus back to where it was before the menu.
                close();
                act();
              }}
            >
              {label}
            </Menu.Item>
          )),
        ])}
      </Menu.Dropdown>
    </Menu>
  );
}

interface Entry {
  label: string;
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  keys?: string;
  act: () => void;
}

interface Section {
  /** Empty for what needs none. */
  title: string;
  entries: readonly Entry[];
}

type Asked = Omit<ContextMenuProps, 'onClose'>;

function sectionsOf(state: DraftState, asked: Asked): Section[] {
  const { nodes, edges, items = [] } = state.selection;
  if (items.length > 0) return ofItems(state, asked);
  if (nodes.length + edges.length > 1) return ofMany(nodes.length, asked);
  if (nodes[0] !== undefined) return ofNode(state, nodes[0], asked);
  return edges[0] === undefined ? ofCanvas(asked) : ofEdge(edges[0], asked);
}

const plain = (...entries: readonly (Entry | false)[]): Section => ({
  title: '',
  entries: entries.filter((one) => one !== false),
});

function ofCanvas({ place, actions, onAsk }: Asked): Section[] {
  const { menu } = texts;
  return [
    plain(
      {
        label: menu.addNode,
        icon: IconPlus,
        keys: 'A',
        act: () => onAsk({ kind: 'add', place: { at: place.onCanvas } }),
      },
      { label: menu.paste, icon: IconClipboard, keys: 'mod+V', act: () => void actions.paste(place.onCanvas) },
    ),
    plain(
      { label: texts.items.addNote, icon: IconNote, keys: 'N', act: () => actions.addItem('note', place.onCanvas) },
      { label: texts.items.addGroup, icon: IconMarquee2, act: () => actions.addItem('group', place.onCanvas) },
    ),
    plain(
      { label: menu.goTo, icon: IconSearch, keys: 'G', act: () => onAsk({ kind: 'go' }) },
      { label: menu.selectAll, icon: IconSelectAll, keys: 'mod+A', act: actions.selectAll },
    ),
    plain(
      { label: menu.layOut, icon: IconBinaryTree, keys: 'shift+L', act: () => void actions.layOut() },
      { label: texts.canvas.fit, icon: IconArrowsMaximize, keys: 'F', act: actions.fit },
    ),
  ];
}

function ofNode(state: DraftState, id: string, { actions, testing, onAsk }: Asked): Section[] {
  const { menu } = texts;
  const node = nodeById(state.graph, id);
  const open = () => state.enter([...state.inside, id]);
  return [
    plain(
      node !== undefined &&
        bodyOf(node) !== null && { label: menu.editBody, icon: IconArrowsDiagonal, keys: 'Enter', act: open },
      { label: menu.addNext, icon: IconPlus, keys: 'A', act: () => onAsk({ kind: 'add' }) },
      { label: menu.selectBranch, icon: IconRoute, keys: 'B', act: () => actions.selectBranch(id) },
    ),
    ...(testing && state.inside.length === 0 ? [ofTests(id, testing)] : []),
    ofSelection(actions),
  ];
}

function ofTests(id: string, { start }: Testing): Section {
  const { menu } = texts;
  return plain(
    { label: menu.test, icon: IconFlask, keys: 'T', act: () => start(id, 'one') },
    { label: menu.testUpTo, icon: IconRouteScan, keys: 'U', act: () => start(id, 'upTo') },
    { label: menu.testFrom, icon: IconPlayerTrackNext, keys: 'R', act: () => start(id, 'from') },
  );
}

function ofEdge(key: string, { actions, onAsk }: Asked): Section[] {
  const { menu } = texts;
  return [
    plain(
      { label: menu.insert, icon: IconPlus, act: () => onAsk({ kind: 'add', place: { on: key } }) },
      { label: menu.remove, icon: IconTrash, keys: 'Del', act: actions.remove },
    ),
  ];
}

const grouping = (actions: CanvasActions): Entry => ({
  label: texts.items.group,
  icon: IconMarquee2,
  keys: 'shift+G',
  act: () => actions.addItem('group'),
});

function ofItems({ graph, selection }: DraftState, { actions }: Asked): Section[] {
  const { items = [] } = selection;
  const [only] = items;
  const members = items.length === 1 && only !== undefined ? membersOf(graph, only) : [];
  return [
    plain(
      members.length > 0 && {
        label: texts.items.selectMembers,
        icon: IconSelectAll,
        act: () => actions.selectDrawn(members),
      },
    ),
    ofSelection(actions),
  ].filter(({ entries }) => entries.length > 0);
}

function ofMany(nodes: number, { actions }: Asked): Section[] {
  const { menu } = texts;
  const { lines } = menu;
  const sections = [plain(grouping(actions)), ofSelection(actions)];
  if (nodes < 2) return sections;
  sections.push({
    title: menu.align,
    entries: [
      { label: lines.left, icon: IconLayoutAlignLeft, act: () => actions.align('left') },
      { label: lines.center, icon: IconLayoutAlignCenter, act: () => actions.align('center') },
      { label: lines.right, icon: IconLayoutAlignRight, act: () => actions.align('right') },
      { label: lines.top, icon: IconLayoutAlignTop, act: () => actions.align('top') },
      { label: lines.middle, icon: IconLayoutAlignMiddle, act: () => actions.align('middle') },
      { label: lines.bottom, icon: IconLayoutAlignBottom, act: () => actions.align('bottom') },
    ],
  });
  if (nodes < 3) return sections;
  const entries = [
    { label: menu.across, icon: IconLayoutDistributeVertical, act: () => actions.distribute('x') },
    { label: menu.down, icon: IconLayoutDistributeHorizontal, act: () => actions.distribute('y') },
  ];
  return [...sections, { title: menu.distribute, entries }];
}

function ofSelection(actions: CanvasActions): Section {
  const { menu } = texts;
  return plain(
    { label: menu.copy, icon: IconCopy, keys: 'mod+C', act: () => void actions.copy() },
    { label: menu.duplicate, icon: IconCopyPlus, keys: 'mod+D', act: actions.duplicate },
    { label: menu.remove, icon: IconTrash, keys: 'Del', act: actions.remove },
  );
}
