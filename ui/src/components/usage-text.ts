import type { Usage } from '@/api/types';
import { numberOf } from '@/lib/json';
import { texts } from '@/lib/texts';

/** Returns tokens and cost as text; `null` where no model was called. */
export function usageText(usage: Usage | null | undefined): string | null {
  if (!usage || usage.input_tokens + usage.output_tokens === 0) return null;
  const text = (count: number) => count.toLocaleString('en');
  const cached = usage.cached_input_tokens ? text(usage.cached_input_tokens) : null;
  const tokens = texts.usage.tokens(text(usage.input_tokens), cached, text(usage.output_tokens));
  const cost = numberOf(usage.cost);
  return cost ? tokens + texts.usage.cost(costText(cost)) : tokens;
}

/** The currency is that of the prices of the agent, which have none. */
function costText(cost: number): string {
  if (cost < 0.0001) return '< 0.0001';
  return cost.toFixed(cost < 0.1 ? 4 : 2);
}
