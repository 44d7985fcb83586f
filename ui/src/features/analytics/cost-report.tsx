import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import type { CostAnalytics, CostCounts, TimeAnalytics } from '@/api/reports';
import { Panel } from '@/components/panel';
import { costText } from '@/components/usage-text';
import { formatNumber } from '@/lib/locale';
import classes from './analytics.module.css';
import { chartOf, type Days, measureOf, tokensOf } from './cost-shape';
import { CostTable } from './cost-table';
import { texts } from './cost-texts';
import { DayChart } from './day-chart';
import { DayTable } from './day-table';
import facts from './facts.module.css';
import { percent } from './shape';

interface CostReportProps {
  analytics: CostAnalytics;
  /** How long calls took; absent until it is known. */
  times: TimeAnalytics | undefined;
  /** The same in the period that it is compared with. */
  timesBefore: TimeAnalytics | undefined;
  days: Days;
  currency: string | undefined;
  onCurrency: (currency: string | undefined) => void;
  /** The comparison with another period, for the currency that is charted. */
  comparison: (totals: CostCounts) => ReactNode;
}

/** The report of a period with calls. One currency at a time is charted, as currencies are never added up. */
export function CostReport({ analytics, times, timesBefore, days, currency, onCurrency, comparison }: CostReportProps) {
  const totals = analytics.totals.find((row) => nameOf(row) === currency) ?? analytics.totals[0];
  if (!totals) return null;
  const measure = measureOf(totals);
  const chart = chartOf(analytics, totals.currency, measure, days);
  const { flows, versions, agents, models } = texts;
  return (
    <div className={classes.report}>
      {analytics.totals.length > 1 && (
        <Select
          label={texts.currency.label}
          description={texts.currency.hint}
          data={analytics.totals.map((row) => ({ value: nameOf(row), label: row.currency ?? texts.currency.none }))}
          value={nameOf(totals)}
          allowDeselect={false}
          size="xs"
          maw={240}
          onChange={(chosen) => onCurrency(chosen ?? undefined)}
        />
      )}
      <Facts totals={totals} />
      <Panel title={texts.days.title(measure)} aside={texts.days.hint(totals.currency)}>
        <DayChart chart={chart} currency={totals.currency} measure={measure} />
        <DayTable chart={chart} currency={totals.currency} measure={measure} />
      </Panel>
      {comparison(totals)}
      <Panel title={models.title} aside={texts.timesHint} flush>
        <CostTable
          title={models.title}
          head={models.name}
          isTimed
          rows={analytics.models.map((counts) => ({
            of: counts.model,
            name: counts.model ?? models.unknown,
            counts,
            times: times?.models.find(({ model }) => model === counts.model),
            before: timesBefore?.models.find(({ model }) => model === counts.model),
          }))}
          leftOut={models.leftOut(analytics.models_left_out)}
        />
      </Panel>
      <Panel title={agents.title} aside={texts.timesHint} flush>
        <CostTable
          title={agents.title}
          head={agents.name}
          isTimed
          rows={analytics.agents.map((counts) => ({
            of: counts.agent_id,
            name: counts.agent_name ?? (counts.agent_id ? agents.deleted : agents.unknown),
            counts,
            times: times?.agents.find(({ agent_id }) => agent_id === counts.agent_id),
            before: timesBefore?.agents.find(({ agent_id }) => agent_id === counts.agent_id),
          }))}
          leftOut={agents.leftOut(analytics.agents_left_out)}
        />
      </Panel>
      <Panel title={flows.title} flush>
        <CostTable
          title={flows.title}
          head={flows.name}
          rows={analytics.flows.map((counts) => ({
            of: counts.flow_id,
            name: counts.flow_name ?? flows.deleted,
            counts,
          }))}
          leftOut={flows.leftOut(analytics.flows_left_out)}
        />
      </Panel>
      {analytics.versions.length > 0 && (
        <Panel title={versions.title} flush>
          <CostTable
            title={versions.title}
            head={versions.name}
            rows={analytics.versions.map((counts) => ({
              of: `${counts.flow_id} ${counts.flow_version}`,
              name: versions.of(counts.flow_name ?? flows.deleted, counts.flow_version),
              counts,
            }))}
            leftOut={versions.leftOut(analytics.versions_left_out)}
          />
        </Panel>
      )}
    </div>
  );
}

/** The name of a currency in addresses and choices. */
function nameOf({ currency }: CostCounts): string {
  return currency ?? 'none';
}

function Facts({ totals }: { totals: CostCounts }) {
  const words = texts.facts;
  const count = (value: number) => formatNumber(value);
  const tiles = [
    {
      label: words.cost,
      value: costText(totals.cost, totals.currency) ?? words.noCost,
      hint: totals.unpriced_calls > 0 ? words.unpriced(totals.unpriced_calls) : words.priced,
    },
    {
      label: words.lost,
      value: costText(totals.cost_lost, totals.currency) ?? words.noCost,
      hint: words.lostHint(count(totals.tokens_lost), percent(totals.tokens_lost, tokensOf(totals))),
    },
    { label: words.calls, value: count(totals.calls), hint: words.callsHint },
    {
      label: words.tokens,
      value: count(tokensOf(totals)),
      hint: words.tokensHint(percent(totals.cached_input_tokens, totals.input_tokens)),
    },
  ];
  return (
    <dl className={facts.tiles} aria-label={words.title} data-count={tiles.length}>
      {tiles.map(({ label, value, hint }) => (
        <div key={label} className={facts.tile}>
          <dt>{label}</dt>
          <dd className={facts.value}>{value}</dd>
          <dd className={facts.hint}>{hint}</dd>
        </div>
      ))}
    </dl>
  );
}
