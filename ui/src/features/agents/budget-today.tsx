import { Progress } from '@mantine/core';
import type { Agent } from '@/api/agents';
import { costText } from '@/components/usage-text';
import { numberOf } from '@/lib/json';
import classes from './agents.module.css';
import { texts } from './texts';

/** What is used today of the budget of an agent. */
export function BudgetToday({ agent }: { agent: Agent }) {
  const { budget, budget_today: today } = agent;
  if (!budget || !today) return null;
  const words = texts.budget;
  const tokens = (count: number) => words.tokensOf(count);
  const cost = (sum: number) => costText(sum, today.currency) ?? '0';
  return (
    <div className={classes.today}>
      {budget.max_tokens_per_day && (
        <Bar
          label={words.tokens}
          max={budget.max_tokens_per_day}
          say={tokens}
          used={today.tokens}
          reserved={today.reserved_tokens}
        />
      )}
      {numberOf(budget.max_cost_per_day) !== null && (
        <Bar
          label={words.cost}
          max={numberOf(budget.max_cost_per_day) ?? 0}
          say={cost}
          used={numberOf(today.cost) ?? 0}
          reserved={numberOf(today.reserved_cost) ?? 0}
        />
      )}
      <p className={classes.hint}>{words.renews}</p>
    </div>
  );
}

interface BarProps {
  label: string;
  max: number;
  used: number;
  reserved: number;
  say: (amount: number) => string;
}

function Bar({ label, max, used, reserved, say }: BarProps) {
  const words = texts.budget;
  const percent = (amount: number) => Math.min(100, (100 * amount) / max);
  const text = words.used(say(used), say(max)) + (reserved > 0 ? words.reserved(say(reserved)) : '');
  return (
    <div>
      <p className={classes.hint}>{text}</p>
      <Progress.Root size="sm" mt={4}>
        <Progress.Section
          value={percent(used)}
          color={used >= max ? 'red' : undefined}
          aria-label={words.today(label)}
          aria-valuetext={text}
        />
        <Progress.Section value={Math.min(percent(reserved), 100 - percent(used))} color="gray" withAria={false} />
      </Progress.Root>
    </div>
  );
}
