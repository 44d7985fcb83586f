import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import table from '@/components/record-table.module.css';
import { useDeleteSecret } from './queries';
import type { SecretRow } from './rows';
import { texts } from './texts';
import { UsesList } from './uses-list';

interface DeleteFormProps {
  row: SecretRow;
  /** Whether it is known what uses secrets. */
  isUseKnown: boolean;
  onDone: () => void;
}

/** Says what fails without a secret before it is deleted. */
export function DeleteForm({ row: { name, uses }, isUseKnown, onDone }: DeleteFormProps) {
  const remove = useDeleteSecret();
  const confirm = () =>
    remove.mutate(name, {
      onSuccess: () => {
        notifications.show({ message: texts.remove.done(name), color: 'green' });
        onDone();
      },
    });
  const said = uses.length > 0 ? texts.remove.used(uses.length) : texts.remove.unused;
  return (
    <div className={table.form}>
      <p className={table.text}>
        <Prose text={texts.remove.ask(name)} />
      </p>
      <div>
        <p className={table.text}>{isUseKnown ? said : texts.remove.unknown}</p>
        <UsesList uses={uses} isWhole />
      </div>
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
