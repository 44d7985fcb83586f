import { Table } from '@mantine/core';
import { formatUtcDay } from '@/lib/time';
import chartClasses from './chart.module.css';
import type { Chart, Measure } from './cost-shape';
import { texts } from './cost-texts';
import { nameOf, valueText } from './day-chart';

interface DayTableProps {
  chart: Chart;
  currency: string | null;
  measure: Measure;
}

/** The numbers of the chart, newest first, without empty days. */
export function DayTable({ chart: { series, bars }, currency, measure }: DayTableProps) {
  const rows = bars.filter(({ total }) => total > 0).reverse();
  const text = (amount: number) => valueText(amount, currency, measure);
  return (
    <details className={chartClasses.details}>
      <summary>{texts.asTable}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <div className={chartClasses.scroll} role="region" aria-label={texts.days.title(measure)} tabIndex={0}>
        <Table verticalSpacing={5} horizontalSpacing="xs" fz={12}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.days.day}</Table.Th>
              {[...series.map(nameOf), texts.days.total].map((name) => (
                <Table.Th key={name} ta="right">
                  {name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ start, values, total }) => (
              <Table.Tr key={start}>
                <Table.Td className={chartClasses.nowrap}>{formatUtcDay(start)}</Table.Td>
                {[
                  ...series.map((model, at) => ({ name: nameOf(model), value: values[at] ?? 0 })),
                  { name: '', value: total },
                ].map(({ name, value }) => (
                  <Table.Td key={name} ta="right" className="tabular">
                    {text(value)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </details>
  );
}
