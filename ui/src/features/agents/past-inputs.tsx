import { Button, Select } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { pastInputs } from '@/api/past-inputs';
import { ProblemCard } from '@/components/problem-card';
import { jsonText } from '@/lib/json';
import { inputOptions } from './examples';
import classes from './playground.module.css';
import { texts } from './texts';

interface PastInputsProps {
  agentId: string;
  skill: string;
  onInput: (input: string) => void;
}

/** The inputs that executions have given a skill; looked for when somebody asks. */
export function PastInputs({ agentId, skill, onInput }: PastInputsProps) {
  const search = useMutation({ mutationFn: () => pastInputs(agentId, skill) });
  const found = search.data;
  return (
    <div aria-live="polite">
      {found && found.length > 0 ? (
        <Select
          label={texts.playground.past}
          data={inputOptions(found)}
          value={null}
          onChange={(at) => onInput(jsonText(found[Number(at)] ?? {}))}
        />
      ) : (
        <Button size="xs" variant="default" loading={search.isPending} onClick={() => search.mutate()}>
          {texts.playground.findPast}
        </Button>
      )}
      {found?.length === 0 && <p className={classes.hint}>{texts.playground.noPast}</p>}
      {search.error && <ProblemCard problem={search.error} />}
    </div>
  );
}
