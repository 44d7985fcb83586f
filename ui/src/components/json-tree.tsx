import { IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { binaryOf } from '@/lib/binary';
import { entriesOf, kindOf } from '@/lib/json';
import { escaped } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import { BinaryView } from './binary-view';
import { JsonString } from './json-string';
import classes from './json-view.module.css';

interface JsonTreeProps {
  value: unknown;
  /** The key or index of the value in its parent. */
  name?: ReactNode;
  /** What follows the value: a comma between entries. */
  after?: ',' | '';
  depth: number;
  /** Deeper levels start collapsed. */
  openDepth: number;
}

/** The number of entries that are rendered at a time. */
const PAGE = 100;

/** A value with its children, as JSON, but bytes as what they are. What is collapsed is not rendered. */
export function JsonTree({ value, ...rest }: JsonTreeProps) {
  const kind = kindOf(value);
  const binary = binaryOf(value);
  if (binary) {
    return (
      <div className={classes.line}>
        {rest.name}
        <BinaryView binary={binary} />
        {rest.after}
      </div>
    );
  }
  if (kind === 'object' || kind === 'list') return <Branch value={value as object} {...rest} />;
  const { name, after } = rest;
  return (
    <div className={classes.line}>
      {name}
      <Leaf value={value} />
      {after}
    </div>
  );
}

function Branch({ value, name, after, depth, openDepth }: JsonTreeProps & { value: object }) {
  const [isOpen, setOpen] = useState(depth < openDepth);
  const entries = entriesOf(value as Record<string, unknown>);
  const isList = Array.isArray(value);
  const [start, end] = isList ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div className={classes.line}>
        {name}
        {start}
        {end}
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
          {start}
          {!isOpen && ` ${entries.length} ${end}${after ?? ''}`}
        </span>
      </button>
      {isOpen && <Entries entries={entries} isList={isList} depth={depth + 1} openDepth={openDepth} />}
      {isOpen && (
        <div className={classes.end}>
          {end}
          {after}
        </div>
      )}
    </div>
  );
}

interface EntriesProps {
  entries: readonly [string, unknown][];
  isList: boolean;
  depth: number;
  openDepth: number;
}

function Entries({ entries, isList, depth, openDepth }: EntriesProps) {
  const [shown, setShown] = useState(PAGE);
  return (
    <div className={classes.inside}>
      {entries.slice(0, shown).map(([key, child], at) => (
        <JsonTree
          key={key}
          value={child}
          name={isList ? <Place name={key} /> : <Key name={key} />}
          after={at < entries.length - 1 ? ',' : ''}
          depth={depth}
          openDepth={openDepth}
        />
      ))}
      {entries.length > shown && (
        <button type="button" className={classes.more} onClick={() => setShown(shown + PAGE * 5)}>
          {texts.json.more(entries.length - shown)}
        </button>
      )}
    </div>
  );
}

function Key({ name }: { name: string }) {
  return (
    <>
      <span className={classes.key}>"{escaped(name)}"</span>:{' '}
    </>
  );
}

/** The index of an entry; it is not part of the text when that is selected. */
function Place({ name }: { name: string }) {
  return <span className={classes.place}>{name}: </span>;
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <JsonString text={value} />;
  return <span className={classes.literal}>{String(value)}</span>;
}
