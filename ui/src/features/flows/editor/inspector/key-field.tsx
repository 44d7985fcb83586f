import type { ReactNode } from 'react';
import type { Flow, FlowNode } from '@/api/types';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import type { FieldProps } from '../form/field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import { ApproversField } from './approvers-field';
import { BodyField } from './body-field';
import { FlowField } from './flow-field';
import { FormBuilder } from './form-builder';
import { ItemsField } from './items-field';
import { PageAddress } from './page-address';
import { ScheduleFields } from './schedule-fields';
import { SessionFields } from './session-fields';
import { SourceField } from './source-field';
import { WebhookFields } from './webhook-fields';

export interface KeyFieldProps extends Pick<FieldProps, 'schema' | 'names' | 'faultAt' | 'warningsAt' | 'required'> {
  node: FlowNode;
  name: string;
  /** The schema of the input that the chosen skill declares. */
  skillInput: Schema | undefined;
  /** The flow as it is saved: whether it is active, and what its triggers have started. */
  flow: Flow;
  onChange: (value: unknown) => void;
}

/** Keys with fields of their own, in place of those that their schemas make. */
const FIELDS: Record<string, (props: KeyFieldProps) => ReactNode> = {
  body: BodyField,
  items: ItemsField,
  flow_id: FlowField,
};

/** The field of one key of a node. */
export function KeyField(props: KeyFieldProps) {
  const { node, name, schema, skillInput, flow, ...field } = props;
  const Own = own(FIELDS, name);
  if (Own) return <Own {...props} />;
  if (node.type === 'agent' && name === 'session') {
    return <SessionFields {...field} schema={schema} session={node[name]} />;
  }
  if (node.type === 'trigger' && name === 'schedule') {
    return <ScheduleFields {...field} schema={schema} schedule={node[name]} isActive={flow.status === 'active'} />;
  }
  if (node.type === 'trigger' && name === 'webhook') {
    return <WebhookFields {...field} schema={schema} webhook={node[name]} flow={flow} />;
  }
  if (node.type === 'approval' && name === 'form') {
    return <FormBuilder {...field} schema={schema} value={node[name]} />;
  }
  if (node.type === 'trigger' && name === 'form') {
    return (
      <>
        <FormBuilder {...field} schema={schema} value={node[name]} />
        {isRecord(node[name]) && <PageAddress flow={flow} />}
      </>
    );
  }
  if (node.type === 'approval' && name === 'approvers') {
    return <ApproversField {...field} schema={schema} value={node[name]} />;
  }
  if (node.type === 'code' && name === 'source') {
    return <SourceField {...field} schema={schema} source={node[name]} />;
  }
  return (
    <SchemaField
      {...field}
      title={schema.title ?? name}
      schema={(name === 'input' && skillInput) || schema}
      value={node[name]}
      path={[name]}
      templated={name === 'input' || node.type === 'delay'}
    />
  );
}
