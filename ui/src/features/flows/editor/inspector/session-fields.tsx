import { Switch } from '@mantine/core';
import { prose } from '@/components/prose';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import type { FieldProps } from '../form/field';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import classes from './inspector.module.css';
import { sessionPath, sessionValue, withSessionValue } from './session';
import { texts } from './texts';

interface SessionFieldsProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  session: unknown;
  onChange: (session: unknown) => void;
}

/** The conversation that a node is a part of, if it has one with others. Keys that it does not know are kept. */
export function SessionFields({ schema, session, onChange, ...shared }: SessionFieldsProps) {
  const isOn = session !== undefined && session !== null;
  const isShown = typeof session === 'string' || isRecord(session);
  const object = schema.anyOf?.find(({ properties }) => properties?.key);
  const fields = Object.entries(object?.properties ?? {});
  const unknown = Object.keys(isRecord(session) ? session : {}).filter(
    (key) => !fields.some(([known]) => known === key),
  );
  const fault = unknown.map((key) => shared.faultAt(['session', key])).find(Boolean);
  const title = schema.title ?? texts.session;
  return (
    <div role="group" aria-label={title} className={classes.session}>
      <Switch
        size="sm"
        label={title}
        description={prose(schema.description)}
        error={prose(fault)}
        checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked ? { key: '' } : undefined)}
      />
      {/* The field of the short form has the same place, and shows them itself. */}
      {typeof session !== 'string' && (
        <Warnings messages={shared.warningsAt(['session'], isShown ? 'exact' : 'inside')} />
      )}
      {isShown &&
        fields.map(([key, field]) => (
          <SchemaField
            {...shared}
            key={key}
            title={field.title ?? key}
            schema={field}
            value={sessionValue(session, key)}
            onChange={(value) => onChange(withSessionValue(session, key, value))}
            path={sessionPath(session, key)}
            required={object?.required?.includes(key)}
            templated={key === 'key'}
          />
        ))}
      {isOn && !isShown && (
        <JsonField
          {...shared}
          title={title}
          schema={schema}
          value={session}
          onChange={onChange}
          path={['session']}
          templated
        />
      )}
    </div>
  );
}
