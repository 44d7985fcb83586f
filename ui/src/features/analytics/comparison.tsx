import { Button } from '@mantine/core';
import { Panel } from '@/components/panel';
import { type ChosenDays, type Compared, dayOf, lengthsText, type Period } from './compare';
import { ComparedTable } from './compared-table';
import classes from './comparison.module.css';
import { DayField } from './day-field';
import { texts } from './texts';

interface ComparisonProps {
  rows: readonly Compared[];
  /** That of the report. */
  period: Period;
  other: Period;
  /** Whether somebody chose the other one; else it is the one before. */
  isChosen: boolean;
  onChoose: (days: ChosenDays) => void;
}

/** A period beside another one: the one before, or any days that are chosen. */
export function Comparison({ rows, period, other, isChosen, onChoose }: ComparisonProps) {
  const { compare } = texts;
  const lengths = lengthsText(period, other);
  return (
    <Panel title={compare.title} aside={<Days other={other} isChosen={isChosen} onChoose={onChoose} />} flush>
      <ComparedTable
        title={compare.title}
        heads={[compare.measure, compare.now, compare.other, compare.change]}
        rows={rows}
      />
      {lengths && <p className={classes.lengths}>{lengths}</p>}
    </Panel>
  );
}

function Days({ other, isChosen, onChoose }: Pick<ComparisonProps, 'other' | 'isChosen' | 'onChoose'>) {
  const { compare } = texts;
  // The last moment of a period is on its last day.
  const [first, last] = [dayOf(other.from), dayOf(other.to - 1)];
  const choose = (...days: [string, string]) => {
    const [from, to] = days.toSorted();
    onChoose({ compare: from, compare_to: to });
  };
  return (
    <div className={classes.days}>
      <DayField label={compare.day} day={first} onDay={(day) => choose(day, last)} />
      <DayField label={compare.lastDay} day={last} onDay={(day) => choose(first, day)} />
      <Button
        variant="default"
        size="xs"
        disabled={!isChosen}
        title={isChosen ? undefined : compare.beforeTaken}
        onClick={() => onChoose({})}
      >
        {compare.before}
      </Button>
    </div>
  );
}
