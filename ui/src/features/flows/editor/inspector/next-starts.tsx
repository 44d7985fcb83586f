import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { toProblem } from '@/api/problem';
import { nextStartsQuery } from '@/api/schedules';
import { Prose } from '@/components/prose';
import { formatMoment } from '@/lib/time';
import classes from './next-starts.module.css';
import { countFor, type Rule, shownStarts, startsWithin } from './schedule';
import { texts } from './texts';

const PAUSE_MS = 300;

interface NextStartsProps {
  /** `null` while there is no expression to ask for. */
  rule: Rule | null;
  isActive: boolean;
  /** Whether a field says what is wrong with the expression or the time zone. */
  hasFault: boolean;
}

/** When a schedule would start next, as the server says: on its clocks, and on those of the viewer where they differ. */
export function NextStarts({ rule, isActive, hasFault }: NextStartsProps) {
  return (
    <section className={classes.frame} aria-label={texts.schedule.next}>
      <h3 className={classes.title}>{texts.schedule.next}</h3>
      {!isActive && <p className={classes.note}>{texts.schedule.notActive}</p>}
      {rule ? <Starts rule={rule} hasFault={hasFault} /> : <p className={classes.note}>{texts.schedule.noCron}</p>}
    </section>
  );
}

function Starts({ rule, hasFault }: { rule: Rule; hasFault: boolean }) {
  const [cron] = useDebouncedValue(rule.cron, PAUSE_MS);
  const [timezone] = useDebouncedValue(rule.timezone, PAUSE_MS);
  const next = useQuery(nextStartsQuery(cron, timezone, countFor(rule)));
  if (next.isPending) return <p className={classes.note}>{texts.schedule.loading}</p>;
  if (next.isError) {
    return (
      <p className={classes.fault} role="status">
        {hasFault ? texts.schedule.hasFault : <Prose text={toProblem(next.error).detail} />}
      </p>
    );
  }
  const starts = shownStarts(startsWithin(next.data, rule));
  if (starts.length === 0) return <p className={classes.note}>{whyNone(next.data, rule)}</p>;
  const hasTwoClocks = starts.some(({ here }) => here !== null);
  return (
    <table className={classes.starts}>
      <thead>
        <tr>
          <th scope="col">{timezone}</th>
          {hasTwoClocks && <th scope="col">{texts.schedule.here}</th>}
        </tr>
      </thead>
      <tbody>
        {starts.map(({ moment, there, here }) => (
          <tr key={moment}>
            <td>
              <time dateTime={moment}>{there}</time>
            </td>
            {hasTwoClocks && <td>{here ?? there}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function whyNone(moments: readonly string[], { startsAt, endsAt }: Rule): string {
  const isOver = endsAt !== null && moments.some((moment) => Date.parse(moment) > endsAt);
  if (startsAt === null || isOver) return texts.schedule.over;
  return texts.schedule.later(formatMoment(startsAt));
}
