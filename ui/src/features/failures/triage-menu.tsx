import { ActionIcon, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBellOff, IconCircleCheck, IconDots, IconRotate, IconUser, IconUserOff } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { accountQuery } from '@/api/account';
import { toProblem } from '@/api/problem';
import { assigneesQuery, type ChangeFailureNotes, type FailureGroup, noteFailures } from '@/api/reports';
import { useMay } from '@/api/use-may';
import { serverNow } from '@/lib/clock';
import { texts } from './texts';

const MUTES = [
  { hours: 1, label: texts.triage.hour },
  { hours: 24, label: texts.triage.day },
  { hours: 7 * 24, label: texts.triage.week },
] as const;

/** The most people that are offered at once. */
const PEOPLE_MAX = 50;

/** What can be noted about a failure group: who cares for it, that it is muted, that it is resolved. */
export function TriageMenu({ group }: { group: FailureGroup }) {
  const { may, why } = useMay('control_executions');
  const change = useTriage(group);
  const label = texts.triage.menu(group.message);
  if (!may) {
    return (
      <ActionIcon variant="subtle" color="gray" disabled aria-label={`${label}. ${why ?? ''}`} title={why ?? undefined}>
        <IconDots size={16} aria-hidden />
      </ActionIcon>
    );
  }
  return (
    <Menu position="bottom-end" width={250} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label} loading={change.isPending}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Assign group={group} onChange={change.mutate} />
        <Mute group={group} onChange={change.mutate} />
        <Resolve group={group} onChange={change.mutate} />
      </Menu.Dropdown>
    </Menu>
  );
}

interface PartProps {
  group: FailureGroup;
  onChange: (change: ChangeFailureNotes) => void;
}

function Assign({ group, onChange }: PartProps) {
  const people = useQuery(assigneesQuery()).data ?? [];
  const own = useQuery(accountQuery()).data?.id;
  if (people.length === 0) return null;
  const assigned = group.notes.assigned_to?.id;
  const others = people.filter(({ id }) => id !== own && id !== assigned).slice(0, PEOPLE_MAX);
  return (
    <>
      <Menu.Label>{texts.triage.assign}</Menu.Label>
      {own && own !== assigned && (
        <Menu.Item leftSection={<IconUser size={15} aria-hidden />} onClick={() => onChange({ assigned_to: own })}>
          {texts.triage.toMe}
        </Menu.Item>
      )}
      {others.map(({ id, name }) => (
        <Menu.Item
          key={id}
          leftSection={<IconUser size={15} aria-hidden />}
          onClick={() => onChange({ assigned_to: id })}
        >
          <bdi>{name}</bdi>
        </Menu.Item>
      ))}
      {assigned && (
        <Menu.Item leftSection={<IconUserOff size={15} aria-hidden />} onClick={() => onChange({ assigned_to: null })}>
          {texts.triage.unassign}
        </Menu.Item>
      )}
      <Menu.Divider />
    </>
  );
}

function Mute({ group, onChange }: PartProps) {
  const icon = <IconBellOff size={15} aria-hidden />;
  if (group.notes.state === 'muted') {
    return (
      <Menu.Item leftSection={icon} onClick={() => onChange({ muted: null })}>
        {texts.triage.unmute}
      </Menu.Item>
    );
  }
  const until = (hours: number) => new Date(serverNow() + hours * 3_600_000).toISOString();
  return (
    <>
      <Menu.Label>{texts.triage.mute}</Menu.Label>
      {MUTES.map(({ hours, label }) => (
        <Menu.Item key={hours} leftSection={icon} onClick={() => onChange({ muted: { until: until(hours) } })}>
          {label}
        </Menu.Item>
      ))}
      <Menu.Item leftSection={icon} onClick={() => onChange({ muted: {} })}>
        {texts.triage.untilVersion}
      </Menu.Item>
    </>
  );
}

function Resolve({ group, onChange }: PartProps) {
  const icon = <IconCircleCheck size={15} aria-hidden />;
  if (group.notes.state === 'resolved') {
    return (
      <Menu.Item leftSection={<IconRotate size={15} aria-hidden />} onClick={() => onChange({ resolved: null })}>
        {texts.triage.reopen}
      </Menu.Item>
    );
  }
  return (
    <>
      <Menu.Label>{texts.triage.resolve}</Menu.Label>
      <Menu.Item leftSection={icon} onClick={() => onChange({ resolved: 'in_current' })}>
        {texts.triage.inCurrent}
      </Menu.Item>
      <Menu.Item leftSection={icon} onClick={() => onChange({ resolved: 'in_next' })}>
        {texts.triage.inNext}
      </Menu.Item>
    </>
  );
}

function useTriage(group: FailureGroup) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: ChangeFailureNotes) => noteFailures(group.flow_id, group.fingerprint, change),
    onError: (problem) => notifications.show({ color: 'red', message: toProblem(problem).detail }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['failures'] }),
  });
}
