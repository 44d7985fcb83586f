import { Radio, TextInput } from '@mantine/core';
import { useState } from 'react';
import classes from './dialogs.module.css';
import { DraftActions } from './draft-actions';
import { createDraft } from './queries';
import { STARTERS, type Starter } from './starters';
import { texts } from './texts';
import { useCreated } from './use-created';

/** Creates an empty draft, or one of a few nodes. */
export function NewFlowForm({ folder, onClose }: { folder: string | null; onClose: () => void }) {
  const [name, setName] = useState('');
  const [start, setStart] = useState('empty');
  const create = useCreated(onClose, () => {
    const starter = STARTERS.find(({ id }) => id === start);
    return createDraft({ ...starter?.document, name: name.trim(), folder });
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
        </div>
      </Radio.Group>
      <DraftActions create={create} reason={isReady ? null : texts.create.nameless} onClose={onClose} />
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
