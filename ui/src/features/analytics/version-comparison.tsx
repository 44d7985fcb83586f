import { Select } from '@mantine/core';
import { comparedVersions } from './compare';
import { ComparedTable } from './compared-table';
import classes from './comparison.module.css';
import type { Latency } from './latency';
import { texts } from './texts';

interface VersionComparisonProps {
  /** All of one flow. */
  versions: readonly Latency[];
  pair: readonly [Latency, Latency];
  onVersions: (version: string, against: string) => void;
}

/** Two versions of a flow side by side. */
export function VersionComparison({ versions, pair, onVersions }: VersionComparisonProps) {
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
        rows={comparedVersions(...pair)}
      />
    </section>
  );
}
