import { Button, Modal, Radio, TextInput, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconTemplate } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { flowsQuery, instantiateTemplate } from '@/api/flows';
import { ProblemCard } from '@/components/problem-card';
import classes from './dialogs.module.css';
import { createDraft } from './queries';
import { STARTERS, type Starter } from './starters';
import { texts } from './texts';

interface NewFlowModalProps {
  /** Where it is made; the top when absent. */
  folder: string | undefined;
  opened: boolean;
  onClose: () => void;
}

/** Creates a draft, empty or from a template, and opens it. */
export function NewFlowModal({ folder, opened, onClose }: NewFlowModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={620}
      fullScreen={narrow}
      title={<span className={classes.title}>{texts.create.title}</span>}
      closeButtonProps={{ 'aria-label': texts.create.close }}
    >
      <NewFlowForm folder={folder ?? null} onClose={onClose} />
    </Modal>
  );
}

function NewFlowForm({ folder, onClose }: { folder: string | null; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const flows = useQuery(flowsQuery());
  const templates = (flows.data ?? []).filter((flow) => flow.is_template && flow.status !== 'archived');
  const [name, setName] = useState('');
  const [start, setStart] = useState('empty');
  const create = useMutation({
    mutationFn: () => {
      const starter = STARTERS.find(({ id }) => id === start);
      return starter
        ? createDraft({ ...starter.document, name: name.trim(), folder })
        : instantiateTemplate(start, name.trim(), folder);
    },
    onSuccess: (flow) => {
      void queries.invalidateQueries({ queryKey: ['flows'] });
      onClose();
      void navigate({ to: '/flows/$flowId', params: { flowId: flow.id } });
    },
  });
  const isReady = name.trim() !== '';
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !create.isPending) create.mutate();
      }}
    >
      <TextInput
        label={texts.create.name}
        placeholder={texts.create.namePlaceholder}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={200}
        data-autofocus
      />
      <Radio.Group value={start} onChange={setStart} label={texts.create.start} size="sm">
        <div className={classes.choices}>
          {STARTERS.map(({ id, label, detail, icon }) => (
            <Choice key={id} value={id} label={label} detail={detail} icon={icon} />
          ))}
          {templates.map((flow) => (
            <Choice
              key={flow.id}
              value={flow.id}
              label={flow.name}
              detail={flow.description || texts.card.nodes(flow.flow_definition.nodes.length)}
              icon={IconTemplate}
            />
          ))}
        </div>
      </Radio.Group>
      {templates.length === 0 && <p className={classes.hint}>{texts.create.noTemplates}</p>}
      {create.isError && <ProblemCard problem={create.error} />}
      <div className={classes.actions}>
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.create.cancel}
        </Button>
        <Tooltip label={texts.create.nameless} disabled={isReady}>
          <Button
            type="submit"
            size="sm"
            loading={create.isPending}
            data-disabled={!isReady || undefined}
            aria-disabled={!isReady}
          >
            {texts.create.submit}
          </Button>
        </Tooltip>
      </div>
    </form>
  );
}

interface ChoiceProps extends Pick<Starter, 'label' | 'detail' | 'icon'> {
  value: string;
}

function Choice({ value, label, detail, icon: Icon }: ChoiceProps) {
  return (
    <Radio.Card value={value} className={classes.choice}>
      <span className={classes.choiceIcon}>
        <Icon size={18} stroke={1.6} aria-hidden />
      </span>
      <span className={classes.choiceText}>
        <span className={classes.choiceLabel}>{label}</span>
        <span className={classes.choiceDetail}>{detail}</span>
      </span>
      <Radio.Indicator size="xs" />
    </Radio.Card>
  );
}
