import { Drawer } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useCallback } from 'react';
import { flowQuery, restoreVersion } from '@/api/flows';
import type { Flow, FlowVersion } from '@/api/types';
import { useMay } from '@/api/use-may';
import { DiffLines } from '@/components/flow-diff/diff-lines';
import { diffVersions, isEmptyDiff, type VersionDiff } from '@/components/flow-diff/version-diff';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import type { Against, Described, Versioned } from '@/components/version-item';
import { VersionList } from '@/components/version-list';
import classes from '@/components/version-list.module.css';
import { versionsQuery } from './queries';
import { texts } from './texts';

interface VersionsDrawerProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

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
  const queries = useQueryClient();
  const { why } = useMay('edit_flows');
  const versions = useQuery(versionsQuery(flow.id));
  const describeHere = useCallback(
    (...versions: Parameters<Versioned<FlowVersion>['describe']>) => describe(flow.id, ...versions),
    [flow.id],
  );
  const restore = async (version: number) => {
    const restored = await restoreVersion(flow.id, version);
    queries.setQueryData(flowQuery(flow.id).queryKey, restored);
    void queries.invalidateQueries({ queryKey: ['flows'] });
    return restored.version;
  };
  if (versions.isPending) return <RowsSkeleton rows={6} height={52} />;
  if (versions.isError) return <ProblemCard problem={versions.error} onRetry={() => void versions.refetch()} />;
  const { rows, damaged } = versions.data;
  return (
    <VersionList
      versions={rows}
      damaged={damaged.map(({ version, damaged: reason }) => texts.damaged(version, reason))}
      describe={describeHere}
      restoreDetail={texts.restoreDetail}
      whyNotRestore={why}
      onRestore={restore}
    />
  );
}

function describe(flowId: string, version: FlowVersion, base: FlowVersion | undefined, against: Against): Described {
  if (!base) return { summary: whyNoDiff(version, against), changes: null };
  const diff = diffVersions(base, version);
  if (isEmptyDiff(diff)) return { summary: summaryOf(diff), changes: null };
  const changes = (
    <>
      <DiffLines diff={diff} />
      <Link
        className={classes.soft}
        to="/flows/$flowId"
        params={{ flowId }}
        search={{ compare: `${base.version}-${version.version}` }}
      >
        {texts.onCanvas}
      </Link>
    </>
  );
  return { summary: summaryOf(diff), changes };
}

function whyNoDiff(version: FlowVersion, against: Against): string {
  if (against === 'current' && version.is_current) return texts.same;
  return texts.firstNodes(version.flow_definition.nodes.length);
}

function summaryOf({ settings, nodes, edges, moved }: VersionDiff): string {
  const of = (kind: string) => nodes.filter((node) => node.kind === kind).length;
  const { summary } = texts;
  const parts = [
    settings.length > 0 && summary.settings(settings.length),
    of('added') > 0 && summary.added(of('added')),
    of('removed') > 0 && summary.removed(of('removed')),
    of('changed') > 0 && summary.changed(of('changed')),
    edges.length > 0 && summary.edges(edges.length),
    moved > 0 && summary.moved(moved),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(' · ') : texts.same;
}
