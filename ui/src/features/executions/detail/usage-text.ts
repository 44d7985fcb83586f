import type { Usage } from '@/api/types';
import { texts } from './texts';

/** Returns tokens and cost as text; `null` where no model was called. */
export function usageText(usage: Usage | null | undefined): string | null {
  if (!usage || usage.input_tokens + usage.output_tokens === 0) return null;
  const tokens = texts.node.usage(usage.input_tokens.toLocaleString('en'), usage.output_tokens.toLocaleString('en'));
  return usage.cost ? tokens + texts.node.cost(usage.cost.toFixed(usage.cost < 0.1 ? 4 : 2)) : tokens;
}
