import { useDisclosure } from '@mantine/hooks';
import { IconGitFork } from '@tabler/icons-react';
import type { Execution, NodeExecution } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import classes from './fork.module.css';
import { ForkDialog } from './fork-dialog';
import { texts } from './fork-texts';

/** Starts a new run from a node that completed. A part of another execution is not forked. */
export function ForkButton({ execution, node }: { execution: Execution; node: NodeExecution }) {
  const [isOpen, dialog] = useDisclosure(false);
  const { why } = useMay('run_flows');
  if (node.status !== 'completed' || execution.runs_body) return null;
  return (
    <div className={classes.again}>
      <ReasonedButton
        reason={why}
        hint={texts.hint}
        variant="default"
        size="xs"
        leftSection={<IconGitFork size={14} aria-hidden />}
        onClick={dialog.open}
        aria-haspopup="dialog"
      >
        {texts.button}
      </ReasonedButton>
      {isOpen && <ForkDialog execution={execution} node={node} onClose={dialog.close} />}
    </div>
  );
}
