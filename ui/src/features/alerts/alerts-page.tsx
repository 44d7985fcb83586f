import { Badge, Modal } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBell, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Alert, deleteAlert } from '@/api/alerts';
import { useMay } from '@/api/use-may';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { ReasonedButton } from '@/components/reasoned-button';
import { RelativeTime } from '@/components/relative-time';
import { RowsSkeleton } from '@/components/skeletons';
import { isRecord } from '@/lib/json';
import { texts as common } from '@/lib/texts';
import { AlertForm } from './alert-form';
import classes from './alerts.module.css';
import { alertsQuery, damagedAlertsQuery, useTestAlert } from './queries';
import { texts } from './texts';

/** The alerts, each with its last message and what became of that. */
export function AlertsPage() {
  const alerts = useQuery(alertsQuery());
  const damaged = useQuery(damagedAlertsQuery());
  const [open, setOpen] = useState<Alert | 'new' | null>(null);
  const { may, why } = useMay('edit_alerts');
  const create = (
    <ReasonedButton reason={why} leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('new')}>
      {texts.create}
    </ReasonedButton>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={create}>
      {alerts.isPending && <RowsSkeleton rows={3} height={96} />}
      {alerts.isError && <ProblemCard problem={alerts.error} onRetry={() => alerts.refetch()} />}
      {alerts.data?.length === 0 && (
        <EmptyState icon={IconBell} title={texts.empty} detail={texts.emptyDetail}>
          <ReasonedButton reason={why} variant="default" onClick={() => setOpen('new')}>
            {texts.create}
          </ReasonedButton>
        </EmptyState>
      )}
      <DamagedList
        damaged={damaged.data}
        advice={common.damaged.deleteAdvice}
        onDelete={may ? deleteAlert : undefined}
      />
      <div className={classes.list}>
        {alerts.data?.map((alert) => (
          <AlertPanel key={alert.id} alert={alert} onEdit={() => setOpen(alert)} />
        ))}
      </div>
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={open === 'new' ? texts.form.create : texts.form.edit}
        closeButtonProps={{ 'aria-label': texts.form.cancel }}
      >
        {open !== null && <AlertForm alert={open === 'new' ? null : open} onDone={() => setOpen(null)} />}
      </Modal>
    </Page>
  );
}

function AlertPanel({ alert, onEdit }: { alert: Alert; onEdit: () => void }) {
  const { why } = useMay('edit_alerts');
  const test = useTestAlert();
  const send = () =>
    test.mutate(alert.id, {
      onSuccess: ({ sent }) => sent && notifications.show({ message: texts.tested, color: 'green' }),
    });
  const edit = (
    <ReasonedButton
      reason={why}
      size="xs"
      variant="default"
      onClick={onEdit}
      aria-label={`${texts.edit}: ${alert.name}`}
    >
      {texts.edit}
    </ReasonedButton>
  );
  const flow = alert.flow_id ? (alert.flow_name ?? texts.goneFlow) : texts.allFlows;
  return (
    <Panel title={alert.name} aside={edit}>
      <div className={classes.facts}>
        <span className={classes.row}>
          {!alert.enabled && <Badge color="gray">{texts.off}</Badge>}
          {alert.events.map((event) => eventOf(alert, event)).join(' · ')}
        </span>
        <span>
          <bdi>{flow}</bdi> → {goalOf(alert)}
        </span>
        <LastMessage message={alert.messages[0]} />
        {test.isError && <ProblemCard problem={test.error} />}
        {test.data?.error && (
          <span className={classes.error} role="alert">
            <Prose text={test.data.error.error_message} />
          </span>
        )}
        <span>
          <ReasonedButton reason={why} size="xs" variant="default" loading={test.isPending} onClick={send}>
            {texts.test}
          </ReasonedButton>
        </span>
      </div>
    </Panel>
  );
}

function LastMessage({ message }: { message: Alert['messages'][number] | undefined }) {
  if (!message) return <span>{texts.none}</span>;
  if ('damaged' in message) return <span className={classes.error}>{texts.damaged}</span>;
  const { state, stands_for, error } = message;
  return (
    <span>
      {texts.states[state] ?? state} <RelativeTime time={message.ended_at ?? message.created_at} />
      {stands_for > 1 && ` ${texts.standsFor(stands_for)}`}
      {error && (
        <span className={classes.error}>
          {' '}
          <Prose text={error} />
        </span>
      )}
    </span>
  );
}

/** Returns what an alert says of one of its events. */
function eventOf({ success_rate: rate, remind_after_minutes: minutes }: Alert, event: string): string {
  const words = texts.events[event] ?? event;
  if (event === 'success_rate' && rate) {
    return `${words} (${texts.rateOf(Number((rate.below * 100).toPrecision(12)), rate.window_minutes ?? 60)})`;
  }
  return event === 'waiting_for_person' && minutes ? `${words} (${texts.remindsAfter(minutes)})` : words;
}

function goalOf({ channel }: Alert): string {
  if (!isRecord(channel)) return '';
  const { type, to, url } = channel;
  const goal = Array.isArray(to) ? to.join(', ') : (to ?? url);
  return `${texts.channels[String(type)] ?? ''}: ${String(goal)}`;
}
