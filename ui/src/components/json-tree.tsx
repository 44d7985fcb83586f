import { IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { ExactNumber } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import { JsonString } from './json-string';
import classes from './json-view.module.css';

interface JsonTreeProps {
  value: unknown;
  /** The key or index of the value in its parent. */
  name?: ReactNode;
  depth: number;
  /** Deeper levels start collapsed. */
  openDepth: number;
}

/** The number of entries that are rendered at a time. */
const PAGE = 100;

/** A value with its children. What is collapsed is not rendered. */
export function JsonTree({ value, name, depth, openDepth }: JsonTreeProps) {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) {
    return (
      <div className={classes.line}>
        {name}
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch value={value} name={name} depth={depth} openDepth={openDepth} />;
}

function Branch({ value, name, depth, openDepth }: JsonTreeProps & { value: object }) {
  const [isOpen, setOpen] = useState(depth < openDepth);
  const [shown, setShown] = useState(PAGE);
  const entries = Object.entries(value);
  const [before, after] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div className={classes.line}>
        {name}
        {before}
        {after}
      </div>
    );
  }
  return (
    <div>
      <button type="button" className={classes.fold} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <IconChevronRight size={12} aria-hidden className={classes.chevron} />
        {name}
        <span className={classes.count}>
          {before}
          {!isOpen && ` ${entries.length} ${after}`}
        </span>
      </button>
      {isOpen && (
        <div className={classes.inside}>
          {entries.slice(0, shown).map(([key, child]) => (
            <JsonTree
              key={key}
              value={child}
              name={<Key name={key} isPlace={Array.isArray(value)} />}
              depth={depth + 1}
              openDepth={openDepth}
            />
          ))}
          {entries.length > shown && (
            <button type="button" className={classes.more} onClick={() => setShown(shown + PAGE * 5)}>
              {texts.json.more(entries.length - shown)}
            </button>
          )}
        </div>
      )}
      {isOpen && <span className={classes.end}>{after}</span>}
    </div>
  );
}

function Key({ name, isPlace }: { name: string; isPlace: boolean }) {
  return <span className={isPlace ? classes.place : classes.key}>{visible(name)}: </span>;
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <JsonString text={value} />;
  return <span className={classes.literal}>{String(value)}</span>;
}
