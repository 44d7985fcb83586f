import { Select } from '@mantine/core';
import type { CostAnalytics, CostCounts } from '@/api/reports';
import { comparedCosts, comparedVersions } from './compare';
import { ComparedTable } from './compared-table';
import classes from './comparison.module.css';
import type { Latency } from './latency';
import { texts } from './texts';

interface VersionComparisonProps {
  /** All of one flow. */
  versions: readonly Latency[];
  pair: readonly [Latency, Latency];
  /** What versions of the flow used of models; absent until it is known. */
  costs: CostAnalytics | undefined;
  onVersions: (version: string, against: string) => void;
}

/** Two versions of a flow side by side. */
export function VersionComparison({ versions, pair, costs, onVersions }: VersionComparisonProps) {
  const { latency } = texts;
  const [one, other] = pair.map(({ version }) => String(version)) as [string, string];
  const choices = versions
    .toSorted((a, b) => b.version - a.version)
    .map(({ version }) => ({ value: String(version), label: latency.numbered(version) }));
  const choice = (label: string, value: string, onChange: (version: string) => void) => (
    <Select
      label={label}
      data={choices}
      value={value}
      allowDeselect={false}
      size="xs"
      onChange={(chosen) => chosen && onChange(chosen)}
    />
  );
  return (
    <section aria-label={latency.compare}>
      <div className={classes.choices}>
        {choice(latency.one, one, (version) => onVersions(version, other))}
        {choice(latency.other, other, (against) => onVersions(one, against))}
      </div>
      <ComparedTable
        title={latency.compare}
        heads={[latency.measure, latency.numbered(pair[0].version), latency.numbered(pair[1].version), latency.change]}
        rows={[...comparedVersions(...pair), ...comparedUse(pair, costs)]}
      />
    </section>
  );
}

/** What both used of models, in the currency in which they cost most. */
function comparedUse(pair: readonly [Latency, Latency], costs: CostAnalytics | undefined) {
  const of = ({ flow, version }: Latency) =>
    (costs?.versions ?? []).filter((row) => row.flow_id === flow && row.flow_version === version);
  const [used] = [...of(pair[0]), ...of(pair[1])].toSorted((a, b) => (b.cost ?? 0) - (a.cost ?? 0));
  if (!used) return [];
  const inCurrency = (latency: Latency): CostCounts | undefined =>
    of(latency).find(({ currency }) => currency === used.currency);
  const nothing: CostCounts = {
    currency: used.currency,
    calls: 0,
    unpriced_calls: 0,
    input_tokens: 0,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    output_tokens: 0,
    tokens_lost: 0,
    cost: null,
    cost_lost: null,
  };
  return comparedCosts(inCurrency(pair[0]) ?? nothing, inCurrency(pair[1]) ?? nothing, true);
}
