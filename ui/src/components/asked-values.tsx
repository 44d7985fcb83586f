import { previewOf } from '@/api/preview';
import { entriesOf, isNumber, isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import classes from './asked-values.module.css';
import { JsonView } from './json-view';
import { ValueView } from './value-view';

/** What a person is shown, as it is read: a line for each of its values. Nothing where there are none. */
export function AskedValues({ value, fileName }: { value: unknown; fileName: string }) {
  if (!isRecord(value) || previewOf(value)) return <ValueView value={value} fileName={fileName} />;
  if (Object.keys(value).length === 0) return null;
  return (
    <dl className={classes.values}>
      {entriesOf(value).map(([name, part]) => (
        <div key={name}>
          <dt>{visible(name)}</dt>
          <dd>{plain(part) ?? <JsonView value={part} fileName={fileName} />}</dd>
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
