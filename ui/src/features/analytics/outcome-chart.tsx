import { Table } from '@mantine/core';
import { formatMoment } from '@/lib/time';
import classes from './analytics.module.css';
import { type Bar, OUTCOMES } from './shape';
import { texts } from './texts';

interface OutcomeChartProps {
  bars: readonly Bar[];
  bucket: 'hour' | 'day';
}

const HEIGHT = 160;
const GAP = 0.18;

/** Stacked bars of how executions ended. Brightness tells the outcomes apart where colour does not; the numbers stand below. */
export function OutcomeChart({ bars, bucket }: OutcomeChartProps) {
  const most = Math.max(1, ...bars.map((bar) => bar.total));
  const shown = OUTCOMES.filter((outcome) => bars.some((bar) => bar.counts[outcome] > 0));
  return (
    <>
      <div className={classes.scale}>
        <span>{most.toLocaleString('en')}</span>
      </div>
      <svg
        className={classes.chart}
        viewBox={`0 0 ${Math.max(bars.length, 6)} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {bars.map((bar, at) => {
          let top = HEIGHT;
          return shown.map((outcome) => {
            const height = (bar.counts[outcome] / most) * HEIGHT;
            top -= height;
            return (
              <rect
                key={`${bar.start} ${outcome}`}
                x={at + GAP / 2}
                y={top}
                width={1 - GAP}
                height={height}
                className={classes[outcome]}
              >
                <title>{`${label(bar.start, bucket)}: ${bar.counts[outcome]} ${texts.time.series[outcome]}`}</title>
              </rect>
            );
          });
        })}
      </svg>
      <div className={classes.axis}>
        <span>{bars[0] && label(bars[0].start, bucket)}</span>
        <span>{bars.length > 1 && label(bars[bars.length - 1]?.start ?? '', bucket)}</span>
      </div>
      <ul className={classes.legend}>
        {shown.map((outcome) => (
          <li key={outcome}>
            <svg className={classes.key} viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" rx="2" className={classes[outcome]} />
            </svg>
            {texts.time.series[outcome]}
          </li>
        ))}
      </ul>
      <details className={classes.details}>
        <summary>{texts.asTable}</summary>
        <Table.ScrollContainer minWidth={420}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.start}</Table.Th>
                {shown.map((outcome) => (
                  <Table.Th key={outcome} ta="right">
                    {texts.time.series[outcome]}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {bars.map((bar) => (
                <Table.Tr key={bar.start}>
                  <Table.Td>{label(bar.start, bucket)}</Table.Td>
                  {shown.map((outcome) => (
                    <Table.Td key={outcome} ta="right" className={classes.number}>
                      {bar.counts[outcome].toLocaleString('en')}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </details>
    </>
  );
}

function label(start: string, bucket: 'hour' | 'day'): string {
  const moment = formatMoment(Date.parse(start));
  return bucket === 'day' ? new Date(start).toLocaleDateString('en', { month: 'short', day: 'numeric' }) : moment;
}
