import { useQuery } from '@tanstack/react-query';
import type { Agent, ProtectionState as State } from '@/api/agents';
import { formatMinute, millis } from '@/lib/time';
import classes from './agents.module.css';
import { protectionQuery } from './queries';
import { texts } from './texts';

/** What the protection of an agent does now. */
export function ProtectionState({ agent }: { agent: Agent }) {
  const state = useQuery(protectionQuery(agent.id));
  if (!state.data) return null;
  return (
    <p className={classes.hint} aria-live="polite">
      {saysOf(state.data)}
    </p>
  );
}

function saysOf(state: State): string {
  const { now } = texts.protection;
  const until = (time: string | null) => formatMinute(millis(time) ?? 0);
  const says = [now.running(state.running), now.waiting(state.waiting)];
  if (state.breaker === 'open') says.push(now.open(until(state.open_until)));
  if (state.breaker === 'half_open') says.push(now.halfOpen);
  if (state.held_until) says.push(now.held(until(state.held_until)));
  return says.join(' · ');
}
