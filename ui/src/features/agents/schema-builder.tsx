import { Button, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { jsonText, parseJsonOr } from '@/lib/json';
import { isObjectForm } from '@/lib/object-schema';
import classes from './agents.module.css';
import { SchemaField } from './schema-field';
import { SchemaProperties } from './schema-properties';
import { texts } from './texts';

interface SchemaBuilderProps {
  label: string;
  value: string;
  fault: string | undefined;
  onChange: (text: string) => void;
}

type Mode = 'form' | 'json';

const MODES = [
  { value: 'form', label: texts.builder.form },
  { value: 'json', label: texts.builder.json },
];
const EMPTY = { type: 'object', properties: {} };

/** A JSON Schema of an object: as a form, or as text. Both show the same text, so nothing is lost between them. */
export function SchemaBuilder({ label, value, fault, onChange }: SchemaBuilderProps) {
  const [mode, setMode] = useState<Mode>('form');
  if (mode === 'json') {
    return (
      <div className={classes.form}>
        <ModeSwitch label={label} mode={mode} onMode={setMode} />
        <SchemaField label={label} value={value} fault={fault} onChange={onChange} />
      </div>
    );
  }
  const schema = parseJsonOr(value);
  return (
    <section className={classes.form} aria-label={label}>
      <ModeSwitch label={label} mode={mode} onMode={setMode} />
      {value.trim() === '' ? (
        <div className={classes.withHint}>
          <Button variant="default" size="xs" onClick={() => onChange(jsonText(EMPTY))}>
            {texts.builder.start}
          </Button>
          <p className={classes.hint}>{texts.builder.none}</p>
        </div>
      ) : isObjectForm(schema) ? (
        <SchemaProperties schema={schema} of={label} depth={0} onChange={(changed) => onChange(jsonText(changed))} />
      ) : (
        <p className={classes.hint}>{schema === undefined ? texts.form.notJson : texts.builder.notObject}</p>
      )}
      {fault && <p className={classes.error}>{fault}</p>}
    </section>
  );
}

interface ModeSwitchProps {
  label: string;
  mode: Mode;
  onMode: (mode: Mode) => void;
}

function ModeSwitch({ label, mode, onMode }: ModeSwitchProps) {
  return (
    <div className={classes.head}>
      <p className={classes.label}>{label}</p>
      <SegmentedControl
        size="xs"
        data={MODES}
        value={mode}
        aria-label={texts.builder.mode(label)}
        onChange={(chosen) => onMode(chosen as Mode)}
      />
    </div>
  );
}
