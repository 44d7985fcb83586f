import { Button, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import type { Agent } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import classes from './agents.module.css';
import { useDeleteAgent } from './queries';
import { texts } from './texts';

interface DeleteButtonProps {
  agent: Agent;
  onDone: () => void;
}

/** Deletes an agent, after explaining the consequences. */
export function DeleteButton({ agent, onDone }: DeleteButtonProps) {
  const [isAsking, ask] = useDisclosure(false);
  const { why } = useMay('edit_agents');
  const remove = useDeleteAgent();
  const confirm = () =>
    remove.mutate(agent, {
      onSuccess: () => {
        notifications.show({ message: texts.form.deleted(agent.name), color: 'green' });
        onDone();
      },
    });
  return (
    <Popover opened={isAsking} onChange={ask.close} position="top-start" width={280} trapFocus withRoles>
      <Popover.Target>
        <ReasonedButton reason={why} variant="subtle" color="red" onClick={ask.toggle}>
          {texts.form.delete}
        </ReasonedButton>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.form}>
          <p className={classes.hint}>{texts.form.deleteAsk}</p>
          {remove.isError && <ProblemCard problem={remove.error} />}
          <div className={classes.actions}>
            <Button size="xs" variant="default" onClick={ask.close}>
              {texts.form.deleteNo}
            </Button>
            <Button size="xs" color="red" loading={remove.isPending} onClick={confirm}>
              {texts.form.deleteYes}
            </Button>
          </div>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
