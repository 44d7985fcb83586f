import { Modal, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { useMemo } from 'react';
import type { Flow, FlowVersion } from '@/api/types';
import { DiffLines } from '@/components/flow-diff/diff-lines';
import { isEmptyDiff } from '@/components/flow-diff/version-diff';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import classes from './compare.module.css';
import { CompareCanvas } from './compare-canvas';
import { type Comparison, compareVersions, readPair } from './compare-graph';
import { texts } from './texts';
import { versionsQuery } from './versions/queries';

interface CompareModalProps {
  flow: Flow;
  /** Two versions, as in the address: `3-5`. */
  pair: string;
  onPair: (pair: string) => void;
  onClose: () => void;
}

/** Two versions of a flow on one canvas, with a list of what changed beside it. */
export function CompareModal({ flow, pair, onPair, onClose }: CompareModalProps) {
  const versions = useQuery(versionsQuery(flow.id));
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen
      title={texts.compare.title(flow.name)}
      closeButtonProps={{ 'aria-label': common.actions.close }}
      transitionProps={{ duration: 0 }}
      classNames={{ content: classes.content, header: classes.header, body: classes.body }}
    >
      {versions.isPending && <BlockSkeleton height={420} />}
      {versions.isError && <ProblemCard problem={versions.error} onRetry={() => void versions.refetch()} />}
      {versions.data && (
        <ReactFlowProvider>
          <Compared versions={versions.data.rows} pair={pair} onPair={onPair} />
        </ReactFlowProvider>
      )}
    </Modal>
  );
}

interface ComparedProps {
  versions: readonly FlowVersion[];
  pair: string;
  onPair: (pair: string) => void;
}

function Compared({ versions, pair, onPair }: ComparedProps) {
  const { from, to } = readPair(pair) ?? { from: 0, to: 0 };
  const before = versions.find(({ version }) => version === from);
  const after = versions.find(({ version }) => version === to);
  const comparison = useMemo(() => before && after && compareVersions(before, after), [before, after]);
  const choices = versions.map(({ version, is_current }) => ({
    value: String(version),
    label: is_current ? texts.compare.current(version) : common.versions.version(version),
  }));
  return (
    <>
      <div className={classes.choice}>
        <Select
          size="xs"
          label={texts.compare.before}
          data={choices}
          value={before ? String(from) : null}
          allowDeselect={false}
          onChange={(next) => onPair(`${next}-${to}`)}
        />
        <Select
          size="xs"
          label={texts.compare.after}
          data={choices}
          value={after ? String(to) : null}
          allowDeselect={false}
          onChange={(next) => onPair(`${from}-${next}`)}
        />
      </div>
      {comparison ? (
        <>
          <div className={classes.stage}>
            <CompareCanvas key={pair} {...comparison} />
          </div>
          <ChangeList {...comparison} />
        </>
      ) : (
        <p className={classes.none}>{texts.compare.missing}</p>
      )}
    </>
  );
}

/** What changed, to read and to go to on the canvas. */
function ChangeList({ diff }: Comparison) {
  const { fitView } = useReactFlow();
  return (
    <aside className={classes.list} aria-label={texts.compare.changes}>
      {isEmptyDiff(diff) && <p className={classes.none}>{texts.compare.same}</p>}
      <DiffLines diff={diff} onNode={(id) => void fitView({ nodes: [{ id }], maxZoom: 1 })} />
    </aside>
  );
}
