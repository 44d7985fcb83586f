import { IconArrowRight, IconMinus, IconPencil, IconPlus } from '@tabler/icons-react';
import { writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import classes from './diff-lines.module.css';
import { texts } from './texts';
import type { Change, EdgeChange, NodeChange, VersionDiff } from './version-diff';

const LOOKS = {
  added: { icon: IconPlus, tone: 'success' },
  removed: { icon: IconMinus, tone: 'danger' },
  changed: { icon: IconPencil, tone: 'info' },
} as const;

/** The differences, line by line: settings, nodes, edges. */
export function DiffLines({ diff }: { diff: VersionDiff }) {
  const { settings, nodes, edges, moved } = diff;
  return (
    <div className={classes.diff}>
      {settings.length > 0 && (
        <section>
          <h3 className={classes.heading}>{texts.sections.settings}</h3>
          <Changes
            changes={settings.map((change) => ({ ...change, path: own(texts.labels, change.path) ?? change.path }))}
          />
        </section>
      )}
      {nodes.length > 0 && (
        <section>
          <h3 className={classes.heading}>{texts.sections.nodes}</h3>
          {nodes.map((node) => (
            <Part
              key={`${node.kind} ${node.id}`}
              kind={node.kind}
              name={node.name}
              detail={node.type}
              changes={node.changes}
            />
          ))}
        </section>
      )}
      {edges.length > 0 && (
        <section>
          <h3 className={classes.heading}>{texts.sections.edges}</h3>
          {edges.map((edge) => (
            <Part
              key={`${edge.kind} ${edge.from} ${edge.to} ${writeJson(edge.changes)}`}
              kind={edge.kind}
              name={`${edge.from} → ${edge.to}`}
              changes={edge.changes}
            />
          ))}
        </section>
      )}
      {moved > 0 && <p className={classes.moved}>{texts.movedOnly(moved)}</p>}
    </div>
  );
}

interface PartProps {
  kind: NodeChange['kind'] | EdgeChange['kind'];
  name: string;
  detail?: string;
  changes: readonly Change[];
}

function Part({ kind, name, detail, changes }: PartProps) {
  const { icon: Icon, tone } = LOOKS[kind];
  return (
    <div className={classes.part}>
      <div className={classes.partHead} data-tone={tone}>
        <Icon size={14} aria-hidden className={classes.icon} />
        <span className={classes.name}>{name}</span>
        {detail && <span className={classes.type}>{detail}</span>}
        <span className={classes.kind}>{texts.kinds[kind]}</span>
      </div>
      {changes.length > 0 && <Changes changes={changes} />}
    </div>
  );
}

function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <dl className={classes.changes}>
      {changes.map(({ path, before, after }) => (
        <div key={path} className={classes.change}>
          <dt className={classes.path}>{path}</dt>
          <dd className={classes.values}>
            <Value value={before} kind="before" />
            <IconArrowRight size={13} aria-hidden className={classes.arrow} />
            <Value value={after} kind="after" />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Longer values are truncated: the editor shows them in full. */
const CHARS_MAX = 300;

function Value({ value, kind }: { value: unknown; kind: 'before' | 'after' }) {
  const isNone = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
  const text = isNone ? texts.none : shown(value);
  const look = isNone ? classes.none : classes[kind];
  if (kind === 'after') return <ins className={look}>{text}</ins>;
  return (
    <del className={look}>
      <span className="visually-hidden">{texts.was} </span>
      {text}
    </del>
  );
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : isList(value) ? value.join(', ') : writeJson(value);
  return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text;
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
