import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { previewOf } from '@/api/preview';
import type { Execution, NodeExecution } from '@/api/types';
import { CopyButton } from '@/components/copy-button';
import { Duration } from '@/components/duration';
import { RelativeTime } from '@/components/relative-time';
import { usageText } from '@/components/usage-text';
import { isRecord, writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import { shortId } from '@/lib/short-id';
import { formatMinute, formatMoment, millis } from '@/lib/time';
import { DeadlineFact } from './deadline-fact';
import classes from './detail.module.css';
import { texts } from './texts';

/** How much of an item is shown. */
const ITEM_CHARS = 300;

/** The key facts of an execution in one strip of constant height. */
export function Facts({ execution }: { execution: Execution }) {
  const { summary } = execution;
  const done = summary.completed_nodes + summary.failed_nodes + (summary.skipped_nodes ?? 0);
  const attempts = sumOf(execution, (node) => node.attempts.length);
  const retries = sumOf(execution, (node) => Math.max(0, node.attempts.length - 1));
  const usage = usageText(execution.usage);
  return (
    <dl className={classes.facts}>
      <Fact label={execution.started_at ? texts.facts.started : texts.facts.accepted}>
        <RelativeTime time={execution.started_at ?? execution.created_at} />
      </Fact>
      <Fact label={texts.facts.duration}>
        <Duration startedAt={execution.started_at} endedAt={execution.completed_at} ms={execution.duration_ms} />
      </Fact>
      <Fact label={texts.facts.deadline}>
        <DeadlineFact execution={execution} />
      </Fact>
      <Fact label={texts.facts.nodes}>
        <span className="tabular">{texts.facts.progress(done, summary.total_nodes)}</span>
      </Fact>
      <Fact label={texts.facts.attempts}>
        <span className="tabular">{texts.facts.attemptCounts(attempts, retries)}</span>
      </Fact>
      {usage && <Fact label={texts.facts.usage}>{usage}</Fact>}
      <Fact label={texts.facts.trigger}>
        <span>
          <TriggeredBy execution={execution} />
          <span className={classes.faint}> · {texts.facts.versionNumber(execution.flow_version)}</span>
        </span>
      </Fact>
      {execution.triggered_by === 'schedule' && <ScheduledAt data={execution.trigger_data} />}
      <Fact label={texts.facts.context}>
        <Context execution={execution} />
      </Fact>
      {execution.concurrency_key && (
        <Fact label={texts.facts.key}>
          <span className={classes.clip} title={execution.concurrency_key}>
            {execution.concurrency_key}
          </span>
        </Fact>
      )}
      {execution.status === 'pending' && <StartsAt time={execution.starts_at} />}
      {execution.item !== null && execution.item !== undefined && (
        <Fact label={texts.facts.item}>
          <Item item={execution.item} />
        </Fact>
      )}
      <Lineage execution={execution} />
      <Fact label={texts.facts.id}>
        <span className={classes.mono} title={execution.id}>
          {shortId(execution.id)}
        </span>
        <CopyButton value={execution.id} label={texts.copyId} />
      </Fact>
    </dl>
  );
}

function sumOf(execution: Execution, count: (node: NodeExecution) => number): number {
  return execution.node_executions.reduce((sum, node) => sum + count(node), 0);
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What started it; of a schedule also which one, where the flow has no other trigger. */
function TriggeredBy({ execution }: { execution: Execution }) {
  const what = own(texts.triggers, execution.triggered_by) ?? execution.triggered_by;
  if (execution.triggered_by !== 'schedule') return what;
  const triggers = execution.node_executions.filter(({ node_type }) => node_type === 'trigger');
  return (
    <>
      {what} {triggers.length === 1 && <span className={classes.mono}>{triggers[0]?.node_id}</span>}
    </>
  );
}

/** The moment for which a schedule started it. */
function ScheduledAt({ data }: { data: unknown }) {
  const at = isRecord(data) ? own(data, 'scheduled_at') : null;
  const moment = millis(typeof at === 'string' ? at : null);
  if (moment === null) return null;
  return (
    <Fact label={texts.facts.scheduledAt}>
      <time className="tabular" dateTime={String(at)} title={formatMoment(moment)}>
        {formatMinute(moment)}
      </time>
    </Fact>
  );
}

/** When one may start that waits until no other start has come. */
function StartsAt({ time }: { time: string | null }) {
  const moment = millis(time);
  if (time === null || moment === null) return null;
  return (
    <Fact label={texts.facts.startsAt}>
      <time className="tabular" dateTime={time}>
        {formatMoment(moment)}
      </time>
    </Fact>
  );
}

function Context({ execution: { context_id, context_type } }: { execution: Execution }) {
  if (!context_id) return <span className={classes.faint}>–</span>;
  return (
    <span className={classes.clip} title={context_id}>
      {context_type && <span className={classes.faint}>{context_type} </span>}
      {context_id}
    </span>
  );
}

/** The beginning of the item that a body runs for; the data of the execution has all of it. */
function Item({ item }: { item: unknown }) {
  const text = (previewOf(item)?.text ?? writeJson(item)).slice(0, ITEM_CHARS);
  return (
    <span className={`${classes.clip} ${classes.mono}`} title={text}>
      {text}
    </span>
  );
}

/** Links to the execution that it retries or is a fork of, and to its retries and forks. */
function Lineage({ execution }: { execution: Execution }) {
  const { retry_of, retried_by, forked_from, fork_node_id, forks } = execution;
  const node = execution.node_executions.find(({ node_id }) => node_id === fork_node_id);
  return (
    <>
      {retry_of && (
        <Fact label={texts.lineage.retryOf}>
          <ExecutionLink id={retry_of} />
        </Fact>
      )}
      {retried_by.length > 0 && (
        <Fact label={texts.lineage.retriedBy}>
          {retried_by.slice(-3).map((id) => (
            <ExecutionLink key={id} id={id} />
          ))}
        </Fact>
      )}
      {forked_from && (
        <Fact label={texts.lineage.forkedFrom}>
          <ExecutionLink id={forked_from} />
          <span className={classes.faint}> {texts.lineage.atNode(node?.node_name ?? fork_node_id ?? '')}</span>
        </Fact>
      )}
      {forks.length > 0 && (
        <Fact label={texts.lineage.forks}>
          {forks.slice(-3).map((id) => (
            <ExecutionLink key={id} id={id} />
          ))}
        </Fact>
      )}
    </>
  );
}

function ExecutionLink({ id }: { id: string }) {
  return (
    <Link to="/executions/$executionId" params={{ executionId: id }} className={classes.idLink} title={id}>
      {shortId(id)}
    </Link>
  );
}
