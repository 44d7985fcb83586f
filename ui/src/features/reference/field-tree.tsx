import { IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { Prose } from '@/components/prose';
import classes from './reference.module.css';
import type { Field } from './schema-tree';
import { texts } from './texts';

/** The fields of a value; each opens to show what it has inside. */
export function FieldTree({ fields }: { fields: readonly Field[] }) {
  return (
    <ul className={classes.fields}>
      {fields.map((field) => (
        <FieldRow key={`${field.name} ${field.type}`} field={field} />
      ))}
    </ul>
  );
}

function FieldRow({ field }: { field: Field }) {
  const [isOpen, setOpen] = useState(false);
  const name = field.name === '*' ? texts.anyKey : field.name;
  return (
    <li className={classes.field}>
      <div className={classes.fieldHead}>
        {field.hasInside ? (
          <button type="button" className={classes.opener} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <IconChevronRight size={14} aria-hidden data-open={isOpen || undefined} />
            <code>{name}</code>
          </button>
        ) : (
          <code className={classes.leaf}>{name}</code>
        )}
        <span className={classes.type}>{field.type}</span>
        {field.isRequired && <span className={classes.required}>{texts.required}</span>}
      </div>
      <FieldNotes {...field} />
      {isOpen && <FieldTree fields={field.inside()} />}
    </li>
  );
}

/** What a field means, and its limits. */
function FieldNotes({ description, limits, values }: Pick<Field, 'description' | 'limits' | 'values'>) {
  if (!description && limits.length + values.length === 0) return null;
  return (
    <div className={classes.notes}>
      {description && (
        <p>
          <Prose text={description} />
        </p>
      )}
      {limits.length > 0 && <p className={classes.limits}>{limits.join(' · ')}</p>}
      {values.length > 0 && (
        <p className={classes.limits}>
          {texts.values}{' '}
          {values.map((value) => (
            <code key={value}>{value}</code>
          ))}
        </p>
      )}
    </div>
  );
}
