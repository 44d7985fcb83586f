import type { Usage } from '@/api/types';
import { numberOf } from '@/lib/json';
import { formatNumber } from '@/lib/locale';
import { texts } from '@/lib/texts';

/** Returns tokens and cost as text; `null` where no model was called. */
export function usageText(usage: Usage | null | undefined): string | null {
  if (!usage || usage.input_tokens + usage.output_tokens === 0) return null;
  const text = (count: number) => formatNumber(count);
  const parts = [
    usage.cached_input_tokens ? texts.usage.cached(text(usage.cached_input_tokens)) : [],
    usage.cache_write_tokens ? texts.usage.written(text(usage.cache_write_tokens)) : [],
  ].flat();
  const tokens = texts.usage.tokens(text(usage.input_tokens), parts, text(usage.output_tokens));
  const paid = usage.costs ?? [{ cost: usage.cost, currency: usage.currency }];
  const costs = paid.flatMap(({ cost, currency }) => costText(numberOf(cost), currency) ?? []);
  return costs.length > 0 ? tokens + texts.usage.cost(costs.join(' + ')) : tokens;
}

/** Returns what was paid, in the currency of the prices, which need not name one; `null` where nothing was. */
export function costText(cost: number | null | undefined, currency: string | null | undefined): string | null {
  if (!cost) return null;
  const unit = currency ? `${currency} ` : '';
  if (cost < 0.0001) return `< ${unit}${formatNumber(0.0001, { minimumFractionDigits: 4 })}`;
  const digits = cost < 0.1 ? 4 : 2;
  return unit + formatNumber(cost, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
