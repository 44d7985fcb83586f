import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { flowQuery, flowsQuery } from '@/api/flows';
import { toProblem } from '@/api/problem';
import type { FlowNode } from '@/api/types';
import { Warnings } from '@/components/warnings';
import type { FieldProps } from '../form/field';
import classes from './inspector.module.css';
import { texts } from './texts';

type FlowFieldProps = Pick<FieldProps, 'schema' | 'onChange' | 'faultAt' | 'warningsAt'> & { node: FlowNode };

/** The flow that a node runs: found by its name. */
export function FlowField({ node, schema, onChange, faultAt, warningsAt }: FlowFieldProps) {
  const value = node.flow_id;
  const flows = useQuery(flowsQuery());
  const known = flows.data ?? [];
  const choices = known.map(({ id, name }) => ({ value: id, label: name }));
  const chosen = known.find(({ id }) => id === value);
  // A flow that is gone, or that is not among those that are loaded, is still named.
  if (typeof value === 'string' && value !== '' && !chosen) choices.push({ value, label: value });
  const fields = useQuery({ ...flowQuery(chosen?.id ?? ''), enabled: chosen !== undefined }).data?.trigger_input
    ?.fields;
  const reads = (fields ?? []).map(({ path }) => path.join('.'));
  return (
    <>
      <Select
        size="xs"
        label={schema.title}
        description={schema.description}
        withAsterisk
        placeholder={texts.chooseFlow}
        error={flows.isError ? toProblem(flows.error).detail : faultAt(['flow_id'])}
        data={choices}
        value={typeof value === 'string' ? value : null}
        onChange={(id) => onChange(id ?? undefined)}
        searchable
      />
      {reads.length > 0 && <p className={classes.description}>{texts.reads(reads)}</p>}
      {chosen && (
        <Link className={classes.link} to="/flows/$flowId" params={{ flowId: chosen.id }}>
          {texts.openFlow(chosen.name)}
        </Link>
      )}
      <Warnings messages={warningsAt(['flow_id'], 'inside')} />
    </>
  );
}
