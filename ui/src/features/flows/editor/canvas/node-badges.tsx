import {
  IconArrowsJoin2,
  IconClock,
  IconNote,
  IconRefresh,
  IconRefreshOff,
  IconUserQuestion,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { FlowNode } from '@/api/types';
import { isRecord, numberOf } from '@/lib/json';
import { formatDuration } from '@/lib/time';
import classes from './canvas-node.module.css';
import { texts } from './texts';

interface Badge {
  icon: ComponentType<{ size?: number | string; 'aria-hidden'?: boolean }>;
  text: string;
  title: string;
}

/** Settings of a node that differ from its flow: retries, timeout, join, whether it waits for a decision; and its note. */
export function NodeBadges({ node }: { node: FlowNode }) {
  const badges = badgesOf(node);
  if (badges.length === 0) return null;
  return (
    <span className={classes.badges}>
      {badges.map(({ icon: Icon, text, title }) => (
        <span key={title} className={classes.badge} title={title}>
          <Icon size={11} aria-hidden />
          {text}
          <span className="visually-hidden">{title}</span>
        </span>
      ))}
    </span>
  );
}

function badgesOf(node: FlowNode): Badge[] {
  const badges: Badge[] = [];
  const retry = isRecord(node.retry) ? node.retry : null;
  if (retry) badges.push(retryBadge(retry));
  const timeout = numberOf(node.timeout_seconds);
  if (timeout !== null) {
    const length = formatDuration(timeout * 1_000);
    badges.push({ icon: IconClock, text: length, title: texts.badges.timeout(length) });
  }
  if (node.join === 'any') badges.push({ icon: IconArrowsJoin2, text: 'any', title: texts.badges.joinAny });
  if (node.on_exhausted === 'ask' || node.on_interrupt === 'ask') {
    badges.push({ icon: IconUserQuestion, text: '', title: texts.badges.asks });
  }
  if (typeof node.note === 'string') badges.push({ icon: IconNote, text: '', title: texts.badges.note(node.note) });
  return badges;
}

function retryBadge({ enabled, ...retry }: Record<string, unknown>): Badge {
  const count = numberOf(retry.count);
  if (enabled === false || count === 0) return { icon: IconRefreshOff, text: '', title: texts.badges.noRetry };
  if (count !== null) return { icon: IconRefresh, text: `${count}×`, title: texts.badges.retry(count) };
  return { icon: IconRefresh, text: '', title: texts.badges.retryOwn };
}
