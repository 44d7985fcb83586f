import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ApiKey } from '@/api/keys';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import table from '@/components/record-table.module.css';
import { RelativeTime } from '@/components/relative-time';
import { useDeleteKey } from './queries';
import { texts } from './texts';

interface DeleteFormProps {
  apiKey: ApiKey;
  whose: 'own' | 'all';
  onDone: () => void;
}

/** Says what a key was used for last before it is deleted. */
export function DeleteForm({ apiKey: { id, name, prefix, last_used_at: used }, whose, onDone }: DeleteFormProps) {
  const remove = useDeleteKey(whose);
  const confirm = () =>
    remove.mutate(id, {
      onSuccess: () => {
        notifications.show({ message: texts.remove.done(name), color: 'green' });
        onDone();
      },
    });
  return (
    <div className={table.form}>
      <p className={table.text}>
        <Prose text={texts.remove.ask(name, prefix)} />
        {used && (
          <>
            {' '}
            {texts.remove.used} <RelativeTime time={used} />.
          </>
        )}
      </p>
      {remove.isError && <ProblemCard problem={remove.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone} data-autofocus>
          {texts.remove.no}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={confirm}>
          {texts.remove.yes}
        </Button>
      </div>
    </div>
  );
}
