import { Button, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Damaged } from '@/api/damaged';
import { texts } from '@/lib/texts';
import classes from './damaged-list.module.css';
import { ProblemCard } from './problem-card';
import { Prose } from './prose';

interface DamagedListProps {
  damaged: readonly Damaged[] | undefined;
  /** What to do about them. */
  advice: string;
  /** Deletes one of them; absent where one alone cannot be deleted, or by nobody who looks. */
  onDelete?: ((id: string) => Promise<void>) | undefined;
}

/** The entries of a list that the server cannot read: which, why, and what to do; nothing when there are none. */
export function DamagedList({ damaged = [], advice, onDelete }: DamagedListProps) {
  if (damaged.length === 0) return null;
  return (
    <section className={classes.card} aria-label={texts.damaged.title(damaged.length)}>
      <p className={classes.title}>
        <IconAlertTriangle size={16} aria-hidden /> {texts.damaged.title(damaged.length)}
      </p>
      <p className={classes.advice}>
        <Prose text={advice} />
      </p>
      <ul className={classes.list}>
        {damaged.map(({ id, damaged: reason }) => (
          <li key={id} className={classes.row}>
            <span className={classes.id}>{id}</span>
            <span className={classes.reason}>
              <Prose text={reason} />
            </span>
            {onDelete && <DeleteDamaged id={id} onDelete={onDelete} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function DeleteDamaged({ id, onDelete }: { id: string; onDelete: (id: string) => Promise<void> }) {
  const queries = useQueryClient();
  const [isAsking, ask] = useDisclosure(false);
  const remove = useMutation({ mutationFn: () => onDelete(id), onSuccess: () => queries.invalidateQueries() });
  return (
    <Popover opened={isAsking} onChange={ask.close} position="bottom-end" width={300} trapFocus withRoles>
      <Popover.Target>
        <Button size="xs" variant="default" onClick={ask.toggle} aria-label={texts.damaged.deleteOf(id)}>
          {texts.damaged.delete}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <p className={classes.ask}>{texts.damaged.deleteAsk}</p>
        {remove.isError && <ProblemCard problem={remove.error} />}
        <div className={classes.actions}>
          <Button size="xs" variant="default" onClick={ask.close}>
            {texts.damaged.keep}
          </Button>
          <Button size="xs" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {texts.damaged.deleteYes}
          </Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
