import { Radio } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ForkVersion } from '@/api/executions';
import { flowVersionQuery } from '@/api/flows';
import type { Execution, Flow } from '@/api/types';
import { DiffLines } from '@/components/flow-diff/diff-lines';
import { diffVersions, isEmptyDiff } from '@/components/flow-diff/version-diff';
import { ProblemCard } from '@/components/problem-card';
import classes from './fork.module.css';
import { texts } from './fork-texts';
import retry from './retry-dialog.module.css';

interface ForkVersionsProps {
  execution: Execution;
  current: Flow;
  version: ForkVersion;
  onVersion: (version: ForkVersion) => void;
}

/** Which version of the flow the fork runs, and what is different in the current one. */
export function ForkVersions({ execution, current, version, onVersion }: ForkVersionsProps) {
  const choices = [
    { value: 'same', label: texts.same(execution.flow_version), detail: texts.sameDetail },
    { value: 'current', label: texts.current(current.version), detail: texts.currentDetail },
  ] as const;
  return (
    <>
      <Radio.Group value={version} onChange={(value) => onVersion(value as ForkVersion)} aria-label={texts.versions}>
        <div className={retry.choices}>
          {choices.map(({ value, label, detail }) => (
            <Radio.Card key={value} value={value} className={retry.choice}>
              <Radio.Indicator size="xs" />
              <span>
                <span className={retry.label}>{label}</span>
                <span className={retry.detail}>{detail}</span>
              </span>
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
      {version === 'current' && <FlowChanges execution={execution} current={current} />}
    </>
  );
}

function FlowChanges({ execution, current }: { execution: Execution; current: Flow }) {
  const old = useQuery(flowVersionQuery(execution.flow_id, execution.flow_version));
  const title = texts.flow(execution.flow_version, current.version);
  const diff = old.data && diffVersions(old.data, current);
  return (
    <section aria-label={title} aria-busy={old.isPending}>
      <h3 className={classes.heading}>{title}</h3>
      {old.isError && <ProblemCard problem={old.error} onRetry={() => void old.refetch()} />}
      {diff && (
        <div className={classes.flow}>
          {isEmptyDiff(diff) ? <p className={classes.quiet}>{texts.sameFlow}</p> : <DiffLines diff={diff} />}
        </div>
      )}
    </section>
  );
}
