import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Trial } from '@/api/agents';
import { JsonView } from '@/components/json-view';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { usageText } from '@/components/usage-text';
import { Verdicts } from '@/components/verdicts';
import { visible } from '@/lib/json-text';
import { formatDuration } from '@/lib/time';
import type { SkillDraft } from './draft';
import classes from './playground.module.css';
import { texts } from './texts';

interface TrialResultProps<Asked> {
  trial: UseMutationResult<Trial, Error, Asked>;
  skill: SkillDraft | undefined;
}

/** What came of a trial: the answer, whether it fits, what it used, and what was asked. */
export function TrialResult<Asked>({ trial, skill }: TrialResultProps<Asked>) {
  return (
    <div aria-live="polite" aria-busy={trial.isPending} className={classes.result}>
      {trial.isIdle && <p className={classes.hint}>{texts.playground.nothing}</p>}
      {trial.isPending && <BlockSkeleton height={120} />}
      {trial.isError && <ProblemCard problem={trial.error} />}
      {trial.data && <Answered trial={trial.data} skill={skill} />}
    </div>
  );
}

function Answered({ trial, skill }: { trial: Trial; skill: SkillDraft | undefined }) {
  const { error, output, tool_calls, text, raw, refusal, verdicts, prompt, usage, duration_ms, success } = trial;
  const fileName = `${skill?.name || 'skill'}.json`;
  const facts = [formatDuration(duration_ms), usageText(usage)].filter((fact) => fact !== null).join(' · ');
  const received = raw ?? (error?.error_class === 'model_output' ? error.body : null);
  return (
    <>
      <p className={classes.facts}>{facts}</p>
      <Verdict trial={trial} hasSchema={Boolean(skill?.outputSchema.trim())} />
      <Verdicts verdicts={verdicts} />
      {refusal !== null && (
        <div className={classes.verdict} data-tone="warning">
          <p>{texts.playground.refused(visible(refusal))}</p>
        </div>
      )}
      {text && <p className={classes.text}>{visible(text)}</p>}
      {(success || output !== null) && tool_calls.length === 0 && (
        <>
          <h3 className={classes.heading}>{texts.playground.answer}</h3>
          <JsonView value={output} fileName={fileName} />
        </>
      )}
      {tool_calls.length > 0 && (
        <>
          <h3 className={classes.heading}>{texts.playground.tools}</h3>
          <JsonView value={tool_calls} fileName={fileName} />
        </>
      )}
      {error && error.body !== null && received === null && (
        <>
          <h3 className={classes.heading}>{texts.playground.service}</h3>
          <JsonView value={error.body} fileName={fileName} />
        </>
      )}
      {received !== null && (
        <Folded title={texts.playground.raw}>
          {typeof received === 'string' ? (
            <pre className={classes.raw}>{visible(received)}</pre>
          ) : (
            <JsonView value={received} fileName={fileName} />
          )}
        </Folded>
      )}
      {prompt && (
        <Folded title={texts.playground.prompt}>
          <PromptPart title={texts.playground.system} text={prompt.system} />
          <PromptPart title={texts.playground.user} text={prompt.user} />
          {prompt.tools.length > 0 && (
            <p className={classes.hint}>{texts.playground.offered(prompt.tools.map(visible).join(', '))}</p>
          )}
        </Folded>
      )}
    </>
  );
}

function Verdict({ trial, hasSchema }: { trial: Trial; hasSchema: boolean }) {
  const { error, success, tool_calls } = trial;
  if (error) {
    return (
      <div className={classes.verdict} data-tone="danger" role="alert">
        {hasSchema && error.error_class === 'model_output' && <p>{texts.playground.misfits}</p>}
        <p>{visible(error.error_message)}</p>
      </div>
    );
  }
  if (!hasSchema || !success || trial.refusal !== null || tool_calls.length > 0) return null;
  return (
    <div className={classes.verdict} data-tone="success">
      <p>{texts.playground.fits}</p>
    </div>
  );
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className={classes.folded}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function PromptPart({ title, text }: { title: string; text: string | null }) {
  if (!text) return null;
  return (
    <>
      <h4 className={classes.part}>{title}</h4>
      <pre className={classes.raw}>{visible(text)}</pre>
    </>
  );
}
