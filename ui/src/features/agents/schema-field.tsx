import { JsonEditor } from '@/components/json-editor';
import classes from './agents.module.css';
import { isJsonOrEmpty } from './draft';
import { texts } from './texts';

interface SchemaFieldProps {
  label: string;
  value: string;
  fault: string | undefined;
  onChange: (text: string) => void;
}

/** A JSON Schema as text; empty if there is none. */
export function SchemaField({ label, value, fault, onChange }: SchemaFieldProps) {
  const error = isJsonOrEmpty(value) ? fault : texts.form.notJson;
  return (
    <div>
      <p className={classes.label}>{label}</p>
      <JsonEditor label={label} value={value} isInvalid={Boolean(error)} onChange={onChange} />
      {error && <p className={classes.error}>{error}</p>}
    </div>
  );
}
