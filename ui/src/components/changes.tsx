import { IconArrowRight, IconMinus, IconPencil, IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Change } from '@/lib/changes';
import { writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import classes from './changes.module.css';
import { TextChange } from './text-change';

/** What became of a part. */
export type ChangeKind = 'added' | 'removed' | 'changed';

/** How each is marked. */
export const CHANGE_LOOKS = {
  added: { icon: IconPlus, tone: 'success' },
  removed: { icon: IconMinus, tone: 'danger' },
  changed: { icon: IconPencil, tone: 'info' },
} as const;

/** The differences between two documents, in sections. */
export function ChangeSections({ children }: { children: ReactNode }) {
  return <div className={classes.diff}>{children}</div>;
}

export function ChangeSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className={classes.heading}>{title}</h3>
      {children}
    </section>
  );
}

interface ChangedPartProps {
  kind: ChangeKind;
  name: string;
  detail?: string;
  changes: readonly Change[];
  /** Goes to where the part is shown. */
  onShow?: (() => void) | undefined;
}

/** A part of a document, such as a node, with its changes. */
export function ChangedPart({ kind, name, detail, changes, onShow }: ChangedPartProps) {
  const { icon: Icon, tone } = CHANGE_LOOKS[kind];
  return (
    <div className={classes.part}>
      <div className={classes.partHead} data-tone={tone}>
        <Icon size={14} aria-hidden className={classes.icon} />
        {onShow ? (
          <button type="button" className={`${classes.name} ${classes.show}`} onClick={onShow}>
            {name}
          </button>
        ) : (
          <span className={classes.name}>{name}</span>
        )}
        {detail && <span className={classes.type}>{detail}</span>}
        <span className={classes.kind}>{texts.changes.kinds[kind]}</span>
      </div>
      {changes.length > 0 && <Changes changes={changes} />}
    </div>
  );
}

/** Changed values, each with the one before. Texts of several lines are compared line by line. */
export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <dl className={classes.changes}>
      {changes.map(({ path, before, after }) => (
        <div key={path} className={classes.change}>
          <dt className={classes.path}>{visible(path)}</dt>
          <dd className={classes.values}>
            <Values before={before} after={after} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Values({ before, after }: Omit<Change, 'path'>) {
  if (isLong(before) && isLong(after)) return <TextChange before={before} after={after} />;
  return (
    <>
      <Value value={before} kind="before" />
      <IconArrowRight size={13} aria-hidden className={classes.arrow} />
      <Value value={after} kind="after" />
    </>
  );
}

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.includes('\n');
}

/** Longer values are truncated: the editor shows them in full. */
const CHARS_MAX = 300;

function Value({ value, kind }: { value: unknown; kind: 'before' | 'after' }) {
  const isNone = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
  const text = isNone ? texts.changes.none : shown(value);
  const look = isNone ? classes.none : classes[kind];
  if (kind === 'after') return <ins className={look}>{text}</ins>;
  return (
    <del className={look}>
      <span className="visually-hidden">{texts.changes.was} </span>
      {text}
    </del>
  );
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : isList(value) ? value.join(', ') : writeJson(value);
  return visible(text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text);
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
