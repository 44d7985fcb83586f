import { Button } from '@mantine/core';
import { useState } from 'react';
import { ExactNumberInput } from '@/components/exact-number-input';
import classes from './agents.module.css';
import type { AgentDraft, BudgetDraft } from './draft';
import { texts } from './texts';

interface BudgetFieldsProps {
  draft: AgentDraft;
  fault: (pointer: string) => string | undefined;
  onChange: (budget: BudgetDraft) => void;
}

/** What the models of the agent may use in a day. */
export function BudgetFields({ draft, fault, onChange }: BudgetFieldsProps) {
  const { budget } = texts;
  const [isOpen, setIsOpen] = useState(draft.hadBudget);
  if (!isOpen) {
    return (
      <div>
        <Button variant="default" size="xs" onClick={() => setIsOpen(true)}>
          {budget.limit}
        </Button>
      </div>
    );
  }
  const field = (key: keyof BudgetDraft, label: string, description: string) => (
    <ExactNumberInput
      label={label}
      description={description}
      min={key === 'max_tokens_per_day' ? 1 : 0}
      value={draft.budget[key]}
      error={fault(`/budget/${key}`)}
      onChange={(value) => onChange({ ...draft.budget, [key]: value ?? '' })}
    />
  );
  return (
    <>
      <h2 className={classes.heading}>{budget.title}</h2>
      <p className={classes.hint}>{budget.hint}</p>
      <div className={classes.pair}>
        {field('max_tokens_per_day', budget.tokens, budget.tokensDetail)}
        {field('max_cost_per_day', budget.cost, budget.costDetail)}
      </div>
    </>
  );
}
