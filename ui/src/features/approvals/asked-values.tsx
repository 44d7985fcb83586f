import { ValueView } from '@/components/value-view';
import { entriesOf, isNumber } from '@/lib/json';
import { visible } from '@/lib/json-text';
import classes from './inbox.module.css';

/** The input of a node as a person reads it: a line for each of its values. */
export function AskedValues({ value, fileName }: { value: Readonly<Record<string, unknown>>; fileName: string }) {
  return (
    <dl className={classes.values}>
      {entriesOf(value).map(([name, part]) => (
        <div key={name}>
          <dt>{visible(name)}</dt>
          <dd>{plain(part) ?? <ValueView value={part} fileName={fileName} />}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Returns a text or a number as it is read; `null` for what has a structure. */
function plain(value: unknown): string | null {
  if (typeof value === 'string') return visible(value);
  return isNumber(value) || typeof value === 'boolean' ? String(value) : null;
}
