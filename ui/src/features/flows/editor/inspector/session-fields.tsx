import { isRecord } from '@/lib/json';
import type { FieldProps } from '../form/field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import { OptionalGroup } from './optional-group';
import { sessionPath, sessionValue, withSessionValue } from './session';
import { texts } from './texts';

interface SessionFieldsProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  session: unknown;
  onChange: (session: unknown) => void;
}

/** The conversation that a node is a part of, if it has one with others. */
export function SessionFields({ schema, session, onChange, ...shared }: SessionFieldsProps) {
  const isShown = typeof session === 'string' || isRecord(session);
  const object = schema.anyOf?.find(({ properties }) => properties?.key);
  const fields = Object.entries(object?.properties ?? {});
  return (
    <OptionalGroup
      {...shared}
      name="session"
      title={schema.title ?? texts.session}
      schema={schema}
      value={session}
      known={fields.map(([key]) => key)}
      start={() => ({ key: '' })}
      onChange={onChange}
      isShort={typeof session === 'string'}
      templated
    >
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
    </OptionalGroup>
  );
}
