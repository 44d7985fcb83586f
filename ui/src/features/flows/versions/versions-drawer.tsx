import { Drawer, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Flow, FlowVersion } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import { Warnings } from '@/components/warnings';
import { versionsQuery } from './queries';
import { texts } from './texts';
import { VersionItem } from './version-item';
import classes from './versions.module.css';

interface VersionsDrawerProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

type Against = 'previous' | 'current';

const AGAINST = [
  { value: 'previous', label: texts.previous },
  { value: 'current', label: texts.current },
];

/** Every version of a flow, its changes, and how to restore it. */
export function VersionsDrawer({ flow, opened, onClose }: VersionsDrawerProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={520}
      title={
        <span className={classes.title}>
          {texts.title} <span className={classes.subject}>{flow.name}</span>
        </span>
      }
      closeButtonProps={{ 'aria-label': texts.close }}
      classNames={{ header: classes.header, body: classes.body }}
    >
      <Versions flow={flow} />
    </Drawer>
  );
}

function Versions({ flow }: { flow: Flow }) {
  const versions = useQuery(versionsQuery(flow.id));
  const [against, setAgainst] = useState<Against>('previous');
  const [open, setOpen] = useState<number | null>(null);
  if (versions.isPending) return <RowsSkeleton rows={6} height={52} />;
  if (versions.isError) return <ProblemCard problem={versions.error} onRetry={() => void versions.refetch()} />;
  const { rows: all, damaged } = versions.data;
  return (
    <>
      {all.length > 1 && (
        <div className={classes.compare}>
          <span className={classes.soft}>{texts.compare}</span>
          <SegmentedControl
            size="xs"
            data={AGAINST}
            value={against}
            onChange={(value) => setAgainst(value as Against)}
            aria-label={texts.compare}
          />
        </div>
      )}
      <Warnings messages={damaged.map(({ version, damaged: reason }) => texts.damaged(version, reason))} />
      <ol className={classes.list}>
        {all.map((version, at) => (
          <VersionItem
            key={version.version}
            flowId={flow.id}
            version={version}
            base={baseOf(all, at, against)}
            against={against}
            isOpen={open === version.version}
            onToggle={() => setOpen(open === version.version ? null : version.version)}
          />
        ))}
      </ol>
    </>
  );
}

/** Returns the version to compare with; none for the first version, and none for the current one with itself. */
function baseOf(all: readonly FlowVersion[], at: number, against: Against): FlowVersion | undefined {
  if (against === 'previous') return all[at + 1];
  const current = all.find((version) => version.is_current);
  return current === all[at] ? undefined : current;
}
