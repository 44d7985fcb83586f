import { Switch } from '@mantine/core';
import type { Flow, FlowNode } from '@/api/types';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import type { FieldProps } from '../form/field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import classes from './inspector.module.css';
import { texts } from './texts';

interface ReliabilityProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  node: FlowNode;
  flow: Flow;
  common: Schema;
  isJoin: boolean;
  /** Whether it has attempts, so that retries and timeouts apply to it. */
  takesAttempts: boolean;
  onChange: (key: string, value: unknown) => void;
}

const OF_ATTEMPTS = ['timeout_seconds', 'on_exhausted', 'on_interrupt'];

/** The keys that it has fields for, of a node that takes attempts. */
export const RELIABILITY: readonly string[] = ['retry', ...OF_ATTEMPTS];

/** Retries, timeout and join of a node, where they override the flow's. */
export function Reliability({ node, flow, common, isJoin, takesAttempts, onChange, ...shared }: ReliabilityProps) {
  const properties = common.properties ?? {};
  const hasOwnRetry = isRecord(node.retry);
  const keys = [...(takesAttempts ? OF_ATTEMPTS : []), ...(isJoin ? ['join'] : [])];
  return (
    <section className={classes.section} aria-label={texts.reliability}>
      <h3 className={classes.sectionTitle}>{texts.reliability}</h3>
      {takesAttempts && (
        <Switch
          size="sm"
          label={texts.overrideRetry}
          description={hasOwnRetry ? texts.overrideRetryDetail : flowRetry(flow)}
          checked={hasOwnRetry}
          onChange={(event) => onChange('retry', event.currentTarget.checked ? startOf(flow) : undefined)}
        />
      )}
      {!hasOwnRetry && <Warnings messages={shared.warningsAt(['retry'], 'inside')} />}
      {hasOwnRetry && properties.retry && (
        <SchemaField
          {...shared}
          title={properties.retry.title ?? texts.fields.retry}
          schema={properties.retry}
          value={node.retry}
          onChange={(value) => onChange('retry', value)}
          path={['retry']}
          templated={false}
        />
      )}
      {keys.map((key) => {
        const schema = properties[key];
        if (!schema) return null;
        return (
          <SchemaField
            {...shared}
            key={key}
            title={schema.title ?? key}
            schema={schema}
            value={node[key]}
            onChange={(value) => onChange(key, value)}
            path={[key]}
            templated={false}
          />
        );
      })}
    </section>
  );
}

function startOf(flow: Flow): Record<string, unknown> {
  return { enabled: true, count: flow.retry_on_failure && flow.retry_count > 0 ? flow.retry_count : 3 };
}

function flowRetry(flow: Flow): string {
  const times = flow.retry_on_failure ? flow.retry_count : 0;
  return times > 0 ? texts.flowRetry(times) : texts.noRetry;
}
