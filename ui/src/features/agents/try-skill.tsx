import { Select } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Agent, trySkill } from '@/api/agents';
import { toProblem } from '@/api/problem';
import { JsonEditor } from '@/components/json-editor';
import { JsonView } from '@/components/json-view';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { usageText } from '@/components/usage-text';
import { parseJson } from '@/lib/json';
import classes from './agents.module.css';
import { isJsonOrEmpty } from './draft';
import { texts } from './texts';

/** Calls a skill once and shows its response. */
export function TrySkill({ agent }: { agent: Agent }) {
  const [skill, setSkill] = useState(agent.skills[0] ?? '');
  const [input, setInput] = useState('{}');
  const trial = useMutation({ mutationFn: () => trySkill(agent.id, skill, parseJson(input || '{}')) });
  const usage = usageText(trial.data?.usage);
  const fileName = `${agent.name}-${skill}.json`;
  return (
    <section className={classes.trial} aria-label={texts.trial.title}>
      <h2 className={classes.heading}>{texts.trial.title}</h2>
      <p className={classes.hint}>{texts.trial.hint}</p>
      <Select
        label={texts.trial.skill}
        data={[...agent.skills]}
        value={skill}
        allowDeselect={false}
        onChange={(value) => setSkill(value ?? skill)}
      />
      <div>
        <p className={classes.label}>{texts.trial.input}</p>
        <JsonEditor label={texts.trial.input} value={input} isInvalid={!isJsonOrEmpty(input)} onChange={setInput} />
      </div>
      <div>
        <ReasonedButton
          variant="default"
          reason={isJsonOrEmpty(input) ? null : texts.form.notJson}
          loading={trial.isPending}
          onClick={() => trial.mutate()}
        >
          {texts.trial.run}
        </ReasonedButton>
      </div>
      <div aria-live="polite" className={classes.form}>
        {trial.isError && <FailedTrial error={trial.error} fileName={fileName} />}
        {trial.data && (
          <>
            <h3 className={classes.heading}>{texts.trial.answered}</h3>
            <JsonView value={trial.data.result} fileName={fileName} />
            {usage && <p className={classes.hint}>{texts.trial.usage(usage)}</p>}
          </>
        )}
      </div>
    </section>
  );
}

/** Why a trial failed, and what the service said. */
function FailedTrial({ error, fileName }: { error: unknown; fileName: string }) {
  const { serviceResponse } = toProblem(error);
  return (
    <>
      <ProblemCard problem={error} />
      {serviceResponse !== null && (
        <>
          <h3 className={classes.heading}>{texts.trial.serviceAnswered}</h3>
          <JsonView value={serviceResponse} fileName={fileName} />
        </>
      )}
    </>
  );
}
