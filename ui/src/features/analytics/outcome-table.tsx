import { Table } from '@mantine/core';
import { formatNumber } from '@/lib/locale';
import chart from './chart.module.css';
import { type Bar, OUTCOMES, percent } from './shape';
import { type Span, startLabel } from './span';
import { texts } from './texts';

/** The numbers of the chart, newest first, without empty bars. */
export function OutcomeTable({ bars, span }: { bars: readonly Bar[]; span: Span }) {
  const shown = OUTCOMES.filter((outcome) => bars.some((bar) => bar.counts[outcome] > 0));
  const rows = bars.filter(({ total }) => total > 0).reverse();
  return (
    <details className={chart.details}>
      <summary>{texts.asTable}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <div className={chart.scroll} role="region" aria-label={texts.time.title} tabIndex={0}>
        <Table verticalSpacing={5} horizontalSpacing="xs" fz={12}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.start}</Table.Th>
              {shown.map((outcome) => (
                <Table.Th key={outcome} ta="right">
                  {texts.time.series[outcome]}
                </Table.Th>
              ))}
              <Table.Th ta="right">{texts.time.ended}</Table.Th>
              <Table.Th ta="right">{texts.columns.success}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((bar) => (
              <Table.Tr key={bar.start}>
                <Table.Td className={chart.nowrap}>{startLabel(bar.start, span)}</Table.Td>
                {shown.map((outcome) => (
                  <Table.Td key={outcome} ta="right" className="tabular">
                    {formatNumber(bar.counts[outcome])}
                  </Table.Td>
                ))}
                <Table.Td ta="right" className="tabular">
                  {formatNumber(bar.total)}
                </Table.Td>
                <Table.Td ta="right" className="tabular">
                  {percent(bar.counts.first_try + bar.counts.recovered, bar.total)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </details>
  );
}
