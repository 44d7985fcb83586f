import { ActionIcon, Button, Loader } from '@mantine/core';
import { IconAlertCircle, IconCircleCheck, IconCircleMinus, IconRefresh, IconX } from '@tabler/icons-react';
import { useNow } from '@/lib/clock';
import { formatCountdown } from '@/lib/time';
import { useBench } from '../bench/bench-context';
import { type Chain, currentOf } from '../bench/chain';
import { useTests } from '../bench/use-testing';
import { nameOf, nodeById } from '../document/definition';
import { useDraft } from '../document/draft-context';
import classes from './chain-bar.module.css';
import { texts } from './texts';

/** How the test of several nodes goes, over the canvas; with the way to the node where it stopped. */
export function ChainBar({ onShow }: { onShow: (id: string) => void }) {
  const chain = useBench((state) => state.chain);
  const dismiss = useBench((state) => state.dismiss);
  const { stop, retryNow } = useTests();
  if (!chain || chain.kind === 'one') return null;
  const id = currentOf(chain) ?? chain.target;
  const step = chain.steps.get(id);
  return (
    <section className={classes.bar} aria-label={texts.chain.label} data-tone={toneOf(chain)}>
      <Said chain={chain} id={id} />
      {step?.at === 'retrying' && !chain.isOver && (
        <Button size="compact-xs" variant="default" onClick={retryNow}>
          {texts.retryNow}
        </Button>
      )}
      {!chain.isOver && (
        <Button size="compact-xs" variant="default" onClick={stop}>
          {texts.stop}
        </Button>
      )}
      {chain.isOver && step?.at === 'failed' && (
        <Button size="compact-xs" variant="default" onClick={() => onShow(id)}>
          {texts.chain.show}
        </Button>
      )}
      {chain.isOver && (
        <ActionIcon size="sm" aria-label={texts.dismiss} onClick={dismiss}>
          <IconX size={14} aria-hidden />
        </ActionIcon>
      )}
    </section>
  );
}

function toneOf(chain: Chain): string {
  const states = [...chain.steps.values()].map(({ at }) => at);
  if (states.includes('failed')) return 'danger';
  if (states.includes('retrying')) return 'warning';
  if (chain.isOver && states.includes('cancelled')) return 'neutral';
  return chain.isOver ? 'success' : 'info';
}

function Said({ chain, id }: { chain: Chain; id: string }) {
  const step = chain.steps.get(id);
  const now = useNow(step?.at === 'retrying' ? 250 : 0);
  const name = useDraft((state) => {
    const node = nodeById(state.present, id);
    return node ? nameOf(node) : id;
  });
  const { chain: words } = texts;
  if (step?.at === 'retrying') {
    const wait = formatCountdown(Math.max(0, step.until - now));
    return (
      <span className={classes.said}>
        <IconRefresh size={15} aria-hidden /> {words.retrying(name, wait, step.attempt, step.attempts)}
        {/* The countdown is not read out each second. */}
        <span className="visually-hidden" role="status">
          {words.retrying(name, '', step.attempt, step.attempts)}
        </span>
      </span>
    );
  }
  const [icon, text] = saidOf(chain, step?.at, name, id);
  return (
    <span className={classes.said} role="status">
      {icon} {text}
    </span>
  );
}

function saidOf(chain: Chain, at: string | undefined, name: string, id: string) {
  const { chain: words } = texts;
  if (at === 'failed') return [<IconAlertCircle key="icon" size={15} aria-hidden />, words.failed(name)];
  if (at === 'cancelled') return [<IconCircleMinus key="icon" size={15} aria-hidden />, words.cancelled(name)];
  if (!chain.isOver) {
    return [<Loader key="icon" size={13} />, words.testing(name, chain.order.indexOf(id) + 1, chain.order.length)];
  }
  if (chain.steps.get(chain.target)?.at === 'skipped') {
    return [<IconCircleMinus key="icon" size={15} aria-hidden />, words.skipped(name)];
  }
  const tested = [...chain.steps.values()].filter((step) => step.at === 'completed').length;
  return [<IconCircleCheck key="icon" size={15} aria-hidden />, words.completed(tested)];
}
