import type { DragEvent, KeyboardEvent } from 'react';
import { useDraft, useDraftStore } from '../document/draft-context';
import { type NodeType, typeKey } from '../document/node-types';
import { addNodeOfType, DRAGGED } from './add-node';
import { lookOf } from './node-looks';
import classes from './palette.module.css';
import { texts } from './texts';
import { useReveal } from './use-reveal';

interface PaletteProps {
  types: readonly NodeType[];
  /** Set in a drawer, which closes on add and has its own title. */
  onAdded?: () => void;
}

/** The node types, to drag onto the canvas or to add by a click. */
export function Palette({ types, onAdded }: PaletteProps) {
  const isDrawer = onAdded !== undefined;
  const store = useDraftStore();
  const isInBody = useDraft((state) => state.inside.length > 0);
  const offered = isInBody ? types.filter(({ traits }) => !traits.starts) : types;
  const reveal = useReveal();
  const add = (type: NodeType) => {
    const id = addNodeOfType(store, type);
    onAdded?.();
    reveal(id);
  };
  return (
    <div className={classes.palette}>
      {!isDrawer && <h2 className={classes.title}>{texts.palette.title}</h2>}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the buttons inside. */}
      <div className={classes.list} onKeyDown={moveFocus}>
        {offered.map((type) => (
          <Entry key={typeKey(type)} type={type} onAdd={() => add(type)} />
        ))}
      </div>
      {!isDrawer && <p className={classes.hint}>{texts.palette.hint}</p>}
    </div>
  );
}

function Entry({ type, onAdd }: { type: NodeType; onAdd: () => void }) {
  const { icon: Icon, tone } = lookOf(type.type, type.action);
  const drag = (event: DragEvent) => {
    event.dataTransfer.setData(DRAGGED, typeKey(type));
    event.dataTransfer.effectAllowed = 'copy';
  };
  return (
    <button
      type="button"
      className={classes.entry}
      data-tone={tone}
      title={type.description}
      draggable
      onDragStart={drag}
      onClick={onAdd}
    >
      <span className={classes.icon}>
        <Icon size={15} stroke={1.7} aria-hidden />
      </span>
      {type.title}
    </button>
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const entries = [...event.currentTarget.querySelectorAll('button')];
  const next = entries[entries.indexOf(document.activeElement as HTMLButtonElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
