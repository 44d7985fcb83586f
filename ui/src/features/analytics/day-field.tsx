import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { dayOf } from './compare';

interface DayFieldProps {
  label: string;
  /** As in `2026-11-30`. */
  day: string;
  onDay: (day: string) => void;
}

/** Typing the year 2026 goes through the years 2, 20 and 202, which nobody means. */
const FIRST_DAY = '2000-01-01';

/** A field for a day that is not after today. */
export function DayField({ label, day, onDay }: DayFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const today = dayOf(Date.now());
  const change = (value: string) => {
    setTyped(value);
    if (value >= FIRST_DAY && value <= today) onDay(value);
  };
  return (
    <TextInput
      type="date"
      size="xs"
      aria-label={label}
      title={label}
      min={FIRST_DAY}
      max={today}
      value={typed ?? day}
      onChange={({ currentTarget }) => change(currentTarget.value)}
      onBlur={() => setTyped(null)}
    />
  );
}
