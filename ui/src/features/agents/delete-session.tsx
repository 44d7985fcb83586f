import { Button, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { deleteSession, type SessionId } from '@/api/sessions';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { visible } from '@/lib/json-text';
import classes from './agents.module.css';
import { texts } from './texts';

const { sessions } = texts;

interface DeleteSessionProps {
  id: SessionId;
  turns: number;
  onDeleted: () => void;
}

/** Deletes a session, after explaining the consequences. */
export function DeleteSession({ id, turns, onDeleted }: DeleteSessionProps) {
  const [isAsking, ask] = useDisclosure(false);
  const { why } = useMay('control_executions');
  const name = visible(id.key);
  const remove = useMutation({
    mutationFn: () => deleteSession(id),
    onSuccess: () => {
      notifications.show({ message: sessions.deleted(name), color: 'green' });
      onDeleted();
    },
  });
  const close = () => {
    ask.close();
    remove.reset();
  };
  return (
    <Popover opened={isAsking} onChange={close} position="top-start" width={300} trapFocus withRoles>
      <Popover.Target>
        <ReasonedButton reason={why} variant="subtle" color="red" onClick={isAsking ? close : ask.open}>
          {sessions.delete}
        </ReasonedButton>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.form}>
          <p className={classes.ask}>{sessions.deleteAsk(name, sessions.turns(turns))}</p>
          {remove.isError && <ProblemCard problem={remove.error} />}
          <div className={classes.actions}>
            <Button size="xs" variant="default" onClick={close}>
              {sessions.deleteNo}
            </Button>
            <Button size="xs" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              {sessions.deleteYes}
            </Button>
          </div>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
