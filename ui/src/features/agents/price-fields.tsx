import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ExactNumberInput } from '@/components/exact-number-input';
import classes from './agents.module.css';
import type { PricesDraft } from './draft';
import { texts } from './texts';

const PRICE_MAX = 1_000_000;
const PRICES = [
  'input_per_million',
  'cached_input_per_million',
  'cache_write_per_million',
  'output_per_million',
] as const;

interface PriceFieldsProps {
  /** The model, for people who do not see where the fields are. */
  of: string;
  prices: PricesDraft;
  /** Returns the server's fault at a key of the prices. */
  fault: (key: string) => string | undefined;
  onChange: (prices: PricesDraft) => void;
}

/** What the tokens of a model cost. */
export function PriceFields({ of, prices, fault, onChange }: PriceFieldsProps) {
  const words = texts.prices;
  const [isOpen, setIsOpen] = useState(Object.keys(prices).length > 0);
  if (!isOpen) {
    return (
      <div>
        <Button variant="default" size="xs" aria-label={words.setOf(of)} onClick={() => setIsOpen(true)}>
          {words.set}
        </Button>
      </div>
    );
  }
  const set = (key: string, value: unknown) => onChange({ ...prices, [key]: value });
  return (
    <section className={classes.prices} aria-label={words.titleOf(of)}>
      <p className={classes.label}>{words.title}</p>
      <TextInput
        label={words.currency}
        placeholder={words.currencyExample}
        maxLength={3}
        value={typeof prices.currency === 'string' ? prices.currency : ''}
        error={fault('/currency')}
        onChange={(event) => set('currency', event.currentTarget.value.toUpperCase())}
      />
      {PRICES.map((key) => (
        <ExactNumberInput
          key={key}
          label={words[key]}
          placeholder={key.startsWith('cache') ? words.asInput : words.free}
          min={0}
          max={PRICE_MAX}
          step={0.1}
          value={prices[key]}
          error={fault(`/${key}`)}
          onChange={(value) => set(key, value ?? '')}
        />
      ))}
    </section>
  );
}
