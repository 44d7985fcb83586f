import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronRight, IconRestore } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useMemo } from 'react';
import { flowQuery, restoreVersion } from '@/api/flows';
import type { FlowVersion } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { RelativeTime } from '@/components/relative-time';
import { DiffLines } from './diff-lines';
import { texts } from './texts';
import { diffVersions, isEmptyDiff, type VersionDiff } from './version-diff';
import classes from './versions.module.css';

interface VersionItemProps {
  flowId: string;
  version: FlowVersion;
  /** The version to compare with; absent if there is none. */
  base: FlowVersion | undefined;
  against: 'previous' | 'current';
  isOpen: boolean;
  onToggle: () => void;
}

/** One version: when it was saved and what it changed, in full when expanded. */
export function VersionItem({ flowId, version, base, against, isOpen, onToggle }: VersionItemProps) {
  const id = useId();
  const diff = useMemo(() => (base ? diffVersions(base, version) : null), [base, version]);
  const summary = diff ? summaryOf(diff) : whyNoDiff(version, against);
  return (
    <li className={classes.item} data-open={isOpen || undefined}>
      <button type="button" className={classes.head} aria-expanded={isOpen} aria-controls={id} onClick={onToggle}>
        <IconChevronRight size={15} aria-hidden className={classes.chevron} />
        <span className={classes.number}>{texts.version(version.version)}</span>
        {version.is_current && (
          <span className={classes.current} data-tone="success">
            {texts.isCurrent}
          </span>
        )}
        <span className={classes.when}>
          <RelativeTime time={version.created_at} />
        </span>
        <span className={classes.summary}>{summary}</span>
      </button>
      {isOpen && (
        <div className={classes.detail} id={id}>
          {diff && !isEmptyDiff(diff) && (
            <>
              <p className={classes.lead}>{against === 'current' ? texts.fromCurrent : texts.fromPrevious}</p>
              <DiffLines diff={diff} />
            </>
          )}
          {!version.is_current && <Restore flowId={flowId} version={version.version} />}
        </div>
      )}
    </li>
  );
}

function Restore({ flowId, version }: { flowId: string; version: number }) {
  const queries = useQueryClient();
  const restore = useMutation({
    mutationFn: () => restoreVersion(flowId, version),
    onSuccess: (flow) => {
      queries.setQueryData(flowQuery(flowId).queryKey, flow);
      void queries.invalidateQueries({ queryKey: ['flows'] });
      notifications.show({ id: 'version-restored', message: texts.restored(version, flow.version), color: 'green' });
    },
  });
  return (
    <div className={classes.restore}>
      {restore.isError && <ProblemCard problem={restore.error} />}
      <Button
        variant="default"
        leftSection={<IconRestore size={14} aria-hidden />}
        loading={restore.isPending}
        onClick={() => restore.mutate()}
      >
        {texts.restoreLong(version)}
      </Button>
      <span className={classes.soft}>{texts.restoreDetail(version)}</span>
    </div>
  );
}

function whyNoDiff(version: FlowVersion, against: 'previous' | 'current'): string {
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
