import { Autocomplete } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { listModels } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { visible } from '@/lib/json-text';
import classes from './agents.module.css';
import { type AgentDraft, reachableOf } from './draft';
import { texts } from './texts';

interface ModelFieldProps {
  /** `null` for a new agent. */
  agentId: string | null;
  draft: AgentDraft;
  error: string | undefined;
  onChange: (model: string) => void;
}

/** Most options that are shown at once; typing finds the others. */
const SHOWN_MAX = 100;

/** The model of an agent: any text, or one that the provider lists when it is asked. */
export function ModelField({ agentId, draft, error, onChange }: ModelFieldProps) {
  const { why } = useMay('edit_agents');
  const listing = useMutation({ mutationFn: () => listModels(agentId, reachableOf(draft)) });
  const { model } = draft.config;
  const listed = listing.data ?? [];
  const names = new Map(listed.map(({ id, name }) => [id, name]));
  return (
    <div className={classes.model}>
      <div className={classes.withButton}>
        <Autocomplete
          label={texts.form.model}
          value={typeof model === 'string' ? model : ''}
          error={error}
          data={listed.map(({ id }) => id)}
          limit={SHOWN_MAX}
          maxDropdownHeight={280}
          renderOption={({ option }) => <ModelOption id={option.value} name={names.get(option.value)} />}
          onChange={onChange}
        />
        <ReasonedButton reason={why} variant="default" loading={listing.isPending} onClick={() => listing.mutate()}>
          {texts.models.list}
        </ReasonedButton>
      </div>
      <div aria-live="polite">
        {listing.isError && <ProblemCard problem={listing.error} />}
        {listing.data && (
          <p className={classes.hint}>{listed.length > 0 ? texts.models.listed(listed.length) : texts.models.none}</p>
        )}
      </div>
    </div>
  );
}

function ModelOption({ id, name }: { id: string; name: string | null | undefined }) {
  return (
    <span>
      {visible(id)}
      {name && <span className={classes.hint}> {visible(name)}</span>}
    </span>
  );
}
