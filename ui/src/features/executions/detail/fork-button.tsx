import { Button, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconGitFork } from '@tabler/icons-react';
import type { Execution, NodeExecution } from '@/api/types';
import classes from './fork.module.css';
import { ForkDialog } from './fork-dialog';
import { texts } from './fork-texts';

/** Starts a new run from a node that completed. A part of another execution is not forked. */
export function ForkButton({ execution, node }: { execution: Execution; node: NodeExecution }) {
  const [isOpen, dialog] = useDisclosure(false);
  if (node.status !== 'completed' || execution.runs_body) return null;
  return (
    <div className={classes.again}>
      <Tooltip label={texts.hint} multiline maw={260}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconGitFork size={14} aria-hidden />}
          onClick={dialog.open}
          aria-haspopup="dialog"
        >
          {texts.button}
        </Button>
      </Tooltip>
      {isOpen && <ForkDialog execution={execution} node={node} onClose={dialog.close} />}
    </div>
  );
}
