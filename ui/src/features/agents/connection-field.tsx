import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ConnectionTest, testConnection } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { usageText } from '@/components/usage-text';
import { visible } from '@/lib/json-text';
import { formatDuration } from '@/lib/time';
import classes from './agents.module.css';
import { type AgentDraft, reachableOf } from './draft';
import { texts } from './texts';

/** Tests whether the agent can be reached as it is in the form. */
export function ConnectionField({ agentId, draft }: { agentId: string | null; draft: AgentDraft }) {
  const { why } = useMay('edit_agents');
  const test = useMutation({ mutationFn: () => testConnection(agentId, reachableOf(draft)) });
  return (
    <div className={classes.connection}>
      <div className={classes.withHint}>
        <ReasonedButton
          reason={why}
          variant="default"
          size="xs"
          leftSection={<IconPlugConnected size={14} aria-hidden />}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          {texts.connection.test}
        </ReasonedButton>
        <p className={classes.hint}>{texts.connection.hints[draft.type]}</p>
      </div>
      <div aria-live="polite">
        {test.isError && <ProblemCard problem={test.error} />}
        {test.data && <Tested test={test.data} />}
      </div>
    </div>
  );
}

function Tested({ test }: { test: ConnectionTest }) {
  const { success, message, error, usage, duration_ms } = test;
  const facts = [formatDuration(duration_ms), usageText(usage)].filter((fact) => fact !== null).join(' · ');
  return (
    <div className={classes.verdict} data-tone={success ? 'success' : 'danger'}>
      <p>{success ? visible(message ?? '') : texts.connection.failed}</p>
      {error && <p>{visible(error.error_message)}</p>}
      <p>{facts}</p>
    </div>
  );
}
