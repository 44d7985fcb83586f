import {
  IconAlertTriangle,
  IconCheck,
  IconLoader2,
  IconMinus,
  IconPinFilled,
  IconRefresh,
  IconX,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { useBench } from '../bench/bench-context';
import type { Step } from '../bench/chain';
import classes from './test-mark.module.css';
import { texts } from './texts';

interface Look {
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  tone: string;
}

const LOOKS: Readonly<Record<Exclude<Step['at'], 'waiting'>, Look>> = {
  running: { icon: IconLoader2, tone: 'info' },
  retrying: { icon: IconRefresh, tone: 'warning' },
  completed: { icon: IconCheck, tone: 'success' },
  pinned: { icon: IconPinFilled, tone: 'neutral' },
  skipped: { icon: IconMinus, tone: 'neutral' },
  failed: { icon: IconX, tone: 'danger' },
  cancelled: { icon: IconAlertTriangle, tone: 'neutral' },
};

/** On a node: how its test goes or went, and whether its output is pinned by hand. */
export function TestMark({ id }: { id: string }) {
  const at = useBench((state) => state.chain?.steps.get(id)?.at);
  const isByHand = useBench(({ pins }) => isPinnedByHand(pins.get(id)));
  const attempts = useBench((state) => {
    const step = state.chain?.steps.get(id);
    return step?.at === 'retrying' ? texts.tested.retrying(step.attempt, step.attempts) : null;
  });
  const shown = at === undefined || at === 'waiting' ? null : at;
  if (!shown && !isByHand) return null;
  const { icon: Icon, tone } = LOOKS[shown ?? 'pinned'];
  const title = attempts ?? (shown ? String(texts.tested[shown as 'running']) : texts.tested.byHand);
  return (
    <span className={classes.mark} data-tone={tone} data-at={shown ?? 'pinned'} title={title}>
      <Icon size={12} stroke={2.4} aria-hidden />
      <span className="visually-hidden">{title}</span>
    </span>
  );
}

function isPinnedByHand(pins: { test?: { at: number }; hand?: { at: number } } | undefined): boolean {
  return pins?.hand !== undefined && (pins.test?.at ?? 0) < pins.hand.at;
}
