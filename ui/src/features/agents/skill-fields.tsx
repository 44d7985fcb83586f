import { ActionIcon, Collapse, NumberInput, Textarea, TextInput, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight, IconTrash } from '@tabler/icons-react';
import type { AgentType } from '@/api/agents';
import classes from './agents.module.css';
import { type SkillDraft, toolNames } from './draft';
import { GuardrailFields } from './guardrail-fields';
import { SchemaBuilder } from './schema-builder';
import { SchemaField } from './schema-field';
import { texts } from './texts';
import { ToolFields } from './tool-fields';

interface SkillFieldsProps {
  skill: SkillDraft;
  /** Its position, from 1. */
  number: number;
  type: AgentType;
  /** Returns the server's fault at a key, given as `/key`. */
  fault: (key: string) => string | undefined;
  canRemove: boolean;
  onChange: (part: Partial<SkillDraft>) => void;
  onRemove: () => void;
}

/** One skill: name, instructions, and its input and output schemas. */
export function SkillFields({ skill, number, type, fault, canRemove, onChange, onRemove }: SkillFieldsProps) {
  const { form } = texts;
  const hasFault = Boolean(fault('/input_schema') ?? fault('/output_schema'));
  const [isOpen, { toggle }] = useDisclosure(Boolean(skill.inputSchema || skill.outputSchema) || hasFault);
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes.skill} aria-label={form.skill(number)}>
      <div className={classes.head}>
        <h3 className={classes.heading}>{skill.name || form.skill(number)}</h3>
        {canRemove && (
          <ActionIcon variant="subtle" color="gray" aria-label={form.removeSkill(skill.name)} onClick={onRemove}>
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        )}
      </div>
      <TextInput
        label={form.skillName}
        value={skill.name}
        error={fault('') ?? fault('/name')}
        required
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <TextInput
        label={form.description}
        value={skill.description}
        error={fault('/description')}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
      />
      {type === 'llm' && (
        <>
          <Textarea
            label={form.instructions}
            description={form.instructionsHint}
            value={skill.instructions}
            error={fault('/instructions')}
            autosize
            minRows={3}
            maxRows={14}
            onChange={(event) => onChange({ instructions: event.currentTarget.value })}
          />
          <NumberInput
            label={form.maxTokens}
            min={1}
            value={skill.maxTokens}
            error={fault('/max_tokens')}
            onChange={(value) => onChange({ maxTokens: value === '' ? '' : Number(value) })}
          />
          <ToolFields
            tools={skill.tools}
            fault={(key) => fault(`/tools${key}`)}
            onChange={(tools) => onChange({ tools })}
          />
          <GuardrailFields
            guardrails={skill.guardrails}
            tools={toolNames(skill)}
            fault={(key) => fault(`/guardrails${key}`)}
            onChange={(guardrails) => onChange({ guardrails })}
          />
        </>
      )}
      {type === 'mcp' && (
        <TextInput
          label={form.hash}
          description={form.hashHint}
          value={skill.hash}
          error={fault('/hash')}
          onChange={(event) => onChange({ hash: event.currentTarget.value })}
        />
      )}
      <UnstyledButton className={classes.heading} aria-expanded={isOpen} onClick={toggle}>
        <Chevron size={14} aria-hidden /> {form.schemas}
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <div className={classes.form}>
          <SchemaField
            label={form.inputSchema}
            value={skill.inputSchema}
            fault={fault('/input_schema')}
            onChange={(inputSchema) => onChange({ inputSchema })}
          />
          <SchemaBuilder
            label={form.outputSchema}
            value={skill.outputSchema}
            fault={fault('/output_schema')}
            onChange={(outputSchema) => onChange({ outputSchema })}
          />
        </div>
      </Collapse>
    </section>
  );
}
