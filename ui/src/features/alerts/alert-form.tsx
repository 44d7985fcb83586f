import { Button, Checkbox, Group, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Alert, AlertInput } from '@/api/alerts';
import { flowsQuery } from '@/api/flows';
import { faultsIn } from '@/api/problem';
import { ProblemCard } from '@/components/problem-card';
import { isRecord } from '@/lib/json';
import classes from './alerts.module.css';
import { useDeleteAlert, useSaveAlert } from './queries';
import { texts } from './texts';

interface AlertFormProps {
  /** The alert to change; `null` for a new one. */
  alert: Alert | null;
  onDone: () => void;
}

interface Draft {
  name: string;
  events: string[];
  flow: string;
  channel: string;
  to: string;
  url: string;
  secret: string;
  enabled: boolean;
  /** In percent. */
  below: number | string;
  window: number | string;
  least: number | string;
  /** Minutes until a reminder; empty for none. */
  remind: number | string;
  /** Whether messages have a link to decide with. */
  link: boolean;
}

/** What people want to be told of, and how. The server checks it. */
export function AlertForm({ alert, onDone }: AlertFormProps) {
  const [draft, setDraft] = useState(() => draftOf(alert));
  const [isAsking, setAsking] = useState(false);
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const flows = useQuery(flowsQuery());
  const save = useSaveAlert();
  const remove = useDeleteAlert();
  const fault = faultsIn(save.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ id: alert?.id ?? null, document: documentOf(draft) }, { onSuccess: onDone });
  };
  const known = (flows.data ?? []).map((flow) => ({ value: flow.id, label: flow.name }));
  const choices = [{ value: '', label: texts.allFlows }, ...known];
  if (draft.flow && !known.some(({ value }) => value === draft.flow)) {
    choices.push({ value: draft.flow, label: alert?.flow_name ?? texts.goneFlow });
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={texts.form.name}
        value={draft.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={fault('/name')}
        data-autofocus
      />
      <Checkbox.Group
        label={texts.form.events}
        value={draft.events}
        onChange={(events) => set({ events })}
        error={fault('/events')}
      >
        <div className={classes.facts}>
          {Object.entries(texts.events).map(([value, label]) => (
            <Checkbox key={value} value={value} label={label} />
          ))}
        </div>
      </Checkbox.Group>
      {draft.events.includes('success_rate') && <RateFields draft={draft} set={set} fault={fault} />}
      {draft.events.includes('waiting_for_person') && <WaitFields draft={draft} set={set} fault={fault} />}
      <Select
        label={texts.form.flow}
        data={choices}
        value={draft.flow}
        onChange={(flow) => set({ flow: flow ?? '' })}
        error={fault('/flow_id')}
        searchable
        allowDeselect={false}
      />
      <Select
        label={texts.form.channel}
        data={Object.entries(texts.channels).map(([value, label]) => ({ value, label }))}
        value={draft.channel}
        onChange={(channel) => set({ channel: channel ?? 'email' })}
        allowDeselect={false}
      />
      {draft.channel === 'email' ? (
        <TextInput
          label={texts.form.to}
          description={texts.form.toHint}
          value={draft.to}
          onChange={(event) => set({ to: event.currentTarget.value })}
          error={fault('/channel/to')}
        />
      ) : (
        <TextInput
          label={texts.form.url}
          description={draft.channel === 'slack' ? texts.form.chatHint : texts.form.hookHint}
          value={draft.url}
          onChange={(event) => set({ url: event.currentTarget.value })}
          error={fault('/channel/url')}
        />
      )}
      {draft.channel === 'webhook' && (
        <TextInput
          label={texts.form.secret}
          description={texts.form.secretHint}
          value={draft.secret}
          onChange={(event) => set({ secret: event.currentTarget.value })}
          error={fault('/channel/secret')}
        />
      )}
      <Switch
        label={texts.form.enabled}
        checked={draft.enabled}
        onChange={(event) => set({ enabled: event.currentTarget.checked })}
      />
      {save.isError && <ProblemCard problem={save.error} />}
      {remove.isError && <ProblemCard problem={remove.error} />}
      <Group justify="space-between">
        {alert && !isAsking && (
          <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
            {texts.form.delete}
          </Button>
        )}
        {alert && isAsking && (
          <Button
            color="red"
            loading={remove.isPending}
            title={texts.form.deleteAsk}
            onClick={() => remove.mutate(alert.id, { onSuccess: onDone })}
          >
            {texts.form.deleteYes}
          </Button>
        )}
        <Group>
          <Button variant="default" onClick={onDone}>
            {texts.form.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {texts.form.save}
          </Button>
        </Group>
      </Group>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  fault: (pointer: string) => string | undefined;
}

/** What is said of what waits for a person. */
function WaitFields({ draft, set, fault }: PartProps) {
  return (
    <>
      <NumberInput
        label={texts.form.remind}
        description={texts.form.remindHint}
        min={1}
        max={5_760}
        allowDecimal={false}
        value={draft.remind}
        onChange={(remind) => set({ remind })}
        error={fault('/remind_after_minutes')}
      />
      <Checkbox
        label={texts.form.link}
        description={texts.form.linkHint}
        checked={draft.link}
        onChange={(event) => set({ link: event.currentTarget.checked })}
      />
    </>
  );
}

/** When a success rate is too low. */
function RateFields({ draft, set, fault }: PartProps) {
  return (
    <div className={classes.rate}>
      <NumberInput
        label={texts.form.below}
        suffix=" %"
        min={0}
        max={100}
        value={draft.below}
        onChange={(below) => set({ below })}
        error={fault('/success_rate/below')}
      />
      <NumberInput
        label={texts.form.window}
        min={5}
        max={1_440}
        allowDecimal={false}
        value={draft.window}
        onChange={(window) => set({ window })}
        error={fault('/success_rate/window_minutes')}
      />
      <NumberInput
        label={texts.form.least}
        min={1}
        max={1_000_000}
        allowDecimal={false}
        value={draft.least}
        onChange={(least) => set({ least })}
        error={fault('/success_rate/min_executions')}
      />
    </div>
  );
}

function draftOf(alert: Alert | null): Draft {
  const channel = alert && isRecord(alert.channel) ? alert.channel : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    name: alert?.name ?? '',
    events: [...(alert?.events ?? ['execution_failed'])],
    flow: alert?.flow_id ?? '',
    channel: text(channel.type) || 'email',
    to: Array.isArray(channel.to) ? channel.to.join(', ') : text(channel.to),
    url: text(channel.url),
    secret: text(channel.secret),
    enabled: alert?.enabled ?? true,
    below: inPercent(alert?.success_rate?.below ?? 0.95),
    window: alert?.success_rate?.window_minutes ?? 60,
    least: alert?.success_rate?.min_executions ?? 10,
    remind: alert?.remind_after_minutes ?? '',
    link: alert?.decision_link ?? false,
  };
}

/** A share in percent, without the digits that binary fractions add. */
const inPercent = (share: number) => Number((share * 100).toPrecision(12));

function documentOf(draft: Draft): AlertInput {
  const { name, events, flow, channel, to, url, secret, enabled } = draft;
  const [below, window_minutes, min_executions] = [Number(draft.below), Number(draft.window), Number(draft.least)];
  const rate = { below: Number((below / 100).toPrecision(12)), window_minutes, min_executions };
  const isReminded = events.includes('waiting_for_person') && draft.remind !== '';
  const addresses = to
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const channels: Record<string, AlertInput['channel']> = {
    email: { type: 'email', to: addresses },
    slack: { type: 'slack', url },
    webhook: { type: 'webhook', url, secret },
  };
  return {
    name,
    events,
    success_rate: events.includes('success_rate') ? rate : null,
    decision_link: events.includes('waiting_for_person') && draft.link,
    remind_after_minutes: isReminded ? Number(draft.remind) : null,
    flow_id: flow === '' ? null : flow,
    channel: channels[channel],
    enabled,
  };
}
