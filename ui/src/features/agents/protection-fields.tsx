import { Button } from '@mantine/core';
import { useState } from 'react';
import { ExactNumberInput } from '@/components/exact-number-input';
import classes from './agents.module.css';
import type { AgentDraft, ProtectionDraft } from './draft';
import { texts } from './texts';

interface ProtectionFieldsProps {
  draft: AgentDraft;
  fault: (pointer: string) => string | undefined;
  onChange: (protection: ProtectionDraft) => void;
}

/** What all executions together may ask of the agent. */
export function ProtectionFields({ draft, fault, onChange }: ProtectionFieldsProps) {
  const { protection } = texts;
  const [isOpen, setIsOpen] = useState(draft.hadProtection);
  if (!isOpen) {
    return (
      <div>
        <Button variant="default" size="xs" onClick={() => setIsOpen(true)}>
          {protection.limit}
        </Button>
      </div>
    );
  }
  const field = (key: keyof ProtectionDraft, pointer: string, label: string) => (
    <ExactNumberInput
      label={label}
      min={1}
      value={draft.protection[key]}
      error={fault(`/protection/${pointer}`)}
      onChange={(value) => onChange({ ...draft.protection, [key]: value ?? '' })}
    />
  );
  return (
    <>
      <h2 className={classes.heading}>{protection.title}</h2>
      <p className={classes.hint}>{protection.hint}</p>
      <div className={classes.pair}>
        {field('concurrency', 'max_concurrency', protection.concurrency)}
        {field('requests', 'requests_per_minute', protection.requests)}
      </div>
      {draft.type === 'llm' && field('tokens', 'tokens_per_minute', protection.tokens)}
      <div className={classes.pair}>
        {field('failures', 'breaker/failures', protection.failures)}
        {field('openSeconds', 'breaker/open_seconds', protection.openSeconds)}
      </div>
    </>
  );
}
