import type { Flow } from '@/api/types';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import type { FieldProps } from '../form/field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import { OptionalGroup } from './optional-group';
import { texts } from './texts';
import { withValue } from './values';
import { WebhookState } from './webhook-state';

interface WebhookFieldsProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  webhook: unknown;
  flow: Flow;
  onChange: (webhook: unknown) => void;
}

/** Keys that only some schemes have. */
const SCHEMES_OF: Record<string, readonly string[]> = {
  header: ['hmac'],
  prefix: ['hmac'],
  algorithm: ['hmac'],
  encoding: ['hmac'],
  timestamp_header: ['hmac'],
  id_header: ['hmac', 'bearer'],
};

/** Which calls of other services start a flow. */
export function WebhookFields({ schema, webhook, flow, onChange, ...shared }: WebhookFieldsProps) {
  const known = Object.entries(schema.properties ?? {});
  return (
    <OptionalGroup
      {...shared}
      name="webhook"
      title={schema.title ?? texts.webhook.title}
      schema={schema}
      value={webhook}
      known={known.map(([key]) => key)}
      start={() => ({ path: '', scheme: 'github', secret: '$' + '{secrets.WEBHOOK}' })}
      onChange={onChange}
      templated={false}
    >
      {isRecord(webhook) && (
        <>
          {known
            .filter(([key]) => hasField(key, webhook))
            .map(([key, field]) => (
              <SchemaField
                {...shared}
                key={key}
                title={field.title ?? key}
                schema={shortForm(field, own(webhook, key))}
                value={own(webhook, key)}
                onChange={(value) => onChange(withValue(webhook, key, value))}
                path={['webhook', key]}
                required={schema.required?.includes(key) || key === 'header'}
                templated={false}
              />
            ))}
          <WebhookState path={own(webhook, 'path')} flow={flow} />
        </>
      )}
    </OptionalGroup>
  );
}

/** A key that takes one value or a list of them has a field for one, as long as it is one. */
function shortForm(schema: Schema, value: unknown): Schema {
  const one = schema.anyOf?.[0];
  return one && typeof value === 'string' ? { ...one, title: schema.title, description: schema.description } : schema;
}

/** A key of another scheme that is there is a fault, which its field shows. */
function hasField(key: string, webhook: Record<string, unknown>): boolean {
  const schemes = own(SCHEMES_OF, key);
  return schemes === undefined || schemes.includes(String(own(webhook, 'scheme'))) || own(webhook, key) !== undefined;
}
