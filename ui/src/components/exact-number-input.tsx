import { NumberInput, type NumberInputProps } from '@mantine/core';
import { useState } from 'react';
import { type ExactNumber, isNumber, isSameJson, readNumber } from '@/lib/json';

interface ExactNumberInputProps extends Omit<NumberInputProps, 'value' | 'onChange'> {
  /** A JSON number; everything else is shown as empty. */
  value: unknown;
  /** `undefined` while the text is no number. */
  onChange: (value: number | ExactNumber | undefined) => void;
}

/** A number whose digits are kept: as they came until it is edited, then as they are typed. */
export function ExactNumberInput({ value, onChange, ...rest }: ExactNumberInputProps) {
  const current = isNumber(value) ? value : undefined;
  const [typed, setTyped] = useState({ of: current, text: textOf(current) });
  // The value changed elsewhere: it replaces the text.
  const text = isSameJson(typed.of, current) ? typed.text : textOf(current);
  const type = (next: number | string) => {
    const of = readNumber(String(next)) ?? undefined;
    setTyped({ of, text: String(next) });
    onChange(of);
  };
  return <NumberInput {...rest} value={text} onChange={type} clampBehavior="none" trimLeadingZeroesOnBlur={false} />;
}

function textOf(value: number | ExactNumber | undefined): string {
  return value === undefined ? '' : String(value);
}
