import { IconMarquee2, IconTrash } from '@tabler/icons-react';
import { type NodeProps, NodeResizeControl } from '@xyflow/react';
import { type KeyboardEvent, memo } from 'react';
import { useDraftStore } from '../document/draft-context';
import { type CanvasItem, drawnId, type Item, membersOf, resized, TONES, updateItem } from '../document/items';
import { selectDrawn } from './add-item';
import classes from './canvas-item.module.css';
import { texts } from './texts';

const TEXT_MAX = 4_000;
const TITLE_MAX = 200;

/** A note: its text is edited where it is. */
export const CanvasNote = memo(function CanvasNote({ data: { item }, selected }: NodeProps<CanvasItem>) {
  const setText = useSetText(item);
  return (
    <div className={classes.note} data-tone={item.tone} data-selected={selected || undefined}>
      <textarea
        className={`${classes.text} nodrag nowheel`}
        aria-label={texts.items.note}
        placeholder={texts.items.placeholder}
        maxLength={TEXT_MAX}
        value={item.text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={leave}
      />
      {selected && <Tools item={item} />}
      <Corner item={item} />
    </div>
  );
});

/** A frame around nodes, with a title. What is in it moves with it, and is reached through it. */
export const CanvasGroup = memo(function CanvasGroup({ data: { item }, selected }: NodeProps<CanvasItem>) {
  const setText = useSetText(item);
  return (
    <div className={classes.group} data-tone={item.tone} data-selected={selected || undefined}>
      <div className={classes.bar}>
        <input
          className={`${classes.title} nodrag`}
          aria-label={texts.items.title}
          placeholder={texts.items.untitled}
          maxLength={TITLE_MAX}
          size={Math.max(10, item.text.length)}
          value={item.text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={leave}
        />
      </div>
      {selected && <Tools item={item} />}
      <Corner item={item} />
    </div>
  );
});

function useSetText({ id }: Item) {
  const store = useDraftStore();
  return (text: string) => store.getState().apply(updateItem(id, { text }), `item/${id}/text`);
}

/** Goes back from the text to the item, where keys move and delete it. */
function leave(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'Escape') return;
  event.stopPropagation();
  event.currentTarget.closest<HTMLElement>('.react-flow__node')?.focus();
}

/** Changes the size of an item. It keeps its upper left corner. */
function Corner({ item }: { item: Item }) {
  const store = useDraftStore();
  const { width: minWidth, height: minHeight } = resized({ ...item, width: 0, height: 0 }, {});
  return (
    <NodeResizeControl
      position="bottom-right"
      className={classes.corner ?? ''}
      minWidth={minWidth}
      minHeight={minHeight}
      onResizeEnd={(_, { width, height }) =>
        store.getState().apply(updateItem(item.id, resized({ ...item, width, height }, {})))
      }
    />
  );
}

/** What can be done with an item that is selected. */
function Tools({ item }: { item: Item }) {
  const store = useDraftStore();
  const { apply, select, deleteSelected } = store.getState();
  const remove = () => {
    select({ items: [item.id] });
    deleteSelected();
  };
  return (
    <div className={`${classes.tools} nodrag nopan`} role="toolbar" aria-label={texts.items.tools}>
      {TONES.map((tone) => (
        <button
          key={tone}
          type="button"
          className={classes.tone}
          data-tone={tone}
          aria-pressed={tone === item.tone}
          aria-label={texts.items.tones[tone]}
          title={texts.items.tones[tone]}
          onClick={() => apply(updateItem(item.id, { tone }))}
        />
      ))}
      {item.kind === 'group' && (
        <button
          type="button"
          className={classes.tool}
          aria-label={texts.items.selectMembers}
          title={texts.items.selectMembers}
          onClick={() => selectDrawn(store, membersOf(store.getState().graph, item.id))}
        >
          <IconMarquee2 size={15} aria-hidden />
        </button>
      )}
      <button
        type="button"
        className={classes.tool}
        aria-label={texts.items.remove(item.kind)}
        title={texts.items.remove(item.kind)}
        onClick={remove}
      >
        <IconTrash size={15} aria-hidden />
      </button>
    </div>
  );
}

const STEP = 20;
const BY: Readonly<Record<string, { width?: number; height?: number }>> = {
  ArrowRight: { width: STEP },
  ArrowLeft: { width: -STEP },
  ArrowDown: { height: STEP },
  ArrowUp: { height: -STEP },
};

/** Returns how a key changes the size of the item that has the focus: with Alt, which otherwise moves it. */
export function resizeByKey({ altKey, key, target }: KeyboardEvent, items: readonly CanvasItem[]) {
  const by = altKey ? BY[key] : undefined;
  if (!by || !(target instanceof Element) || !target.matches('.react-flow__node')) return null;
  const drawn = target.getAttribute('data-id');
  const item = items.find(({ data }) => drawnId(data.item.id) === drawn)?.data.item;
  return item ? updateItem(item.id, resized(item, by)) : null;
}
