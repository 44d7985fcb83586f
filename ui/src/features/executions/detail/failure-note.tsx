import { Button, Tooltip } from '@mantine/core';
import { IconBulb, IconCircleXFilled } from '@tabler/icons-react';
import { useState } from 'react';
import type { Execution } from '@/api/types';
import { CopyButton } from '@/components/copy-button';
import { errorClassLabel, errorClassLook } from '@/components/error-classes';
import { Prose } from '@/components/prose';
import { own } from '@/lib/own';
import { failedOnPerson } from './advised-mode';
import classes from './notes.module.css';
import { texts } from './texts';

interface FailureNoteProps {
  execution: Execution;
  onNode: (nodeId: string) => void;
}

/** The number of lines before “show more”. */
const LINES = 4;

/** Why an execution failed: the class, the message with every attempt, and what to do about it. */
export function FailureNote({ execution, onNode }: FailureNoteProps) {
  const { error_class: errorClass, current_node_id: node } = execution;
  const message = execution.error_message ?? '';
  const byClass = errorClass ? own(texts.advice, errorClass) : undefined;
  const advice = failedOnPerson(execution) ? texts.askAgain : byClass;
  return (
    <section className={classes.failure} aria-label={texts.notes.failed}>
      <IconCircleXFilled size={18} aria-hidden className={classes.failureIcon} />
      <div className={classes.failureBody}>
        <Message text={message} errorClass={errorClass ?? null} />
        {advice && (
          <p className={classes.advice}>
            <IconBulb size={15} aria-hidden className={classes.bulb} />
            {advice}
          </p>
        )}
      </div>
      <div className={classes.failureTools}>
        {node && (
          <Button size="compact-xs" variant="default" onClick={() => onNode(node)}>
            {texts.notes.show}
          </Button>
        )}
        <CopyButton value={message} />
      </div>
    </section>
  );
}

function Message({ text, errorClass }: { text: string; errorClass: string | null }) {
  const [isOpen, setOpen] = useState(false);
  const [first = '', ...rest] = text.split('\n');
  const shown = isOpen ? rest : rest.slice(0, LINES);
  return (
    <>
      <p className={classes.failureTitle}>
        {errorClass && (
          <Tooltip label={errorClassLook(errorClass)?.meaning ?? errorClass}>
            <span className={classes.class}>{errorClassLabel(errorClass)}</span>
          </Tooltip>
        )}
        <Prose text={first} />
      </p>
      {shown.length > 0 && (
        <pre className={classes.lines}>
          <Prose text={shown.join('\n')} />
        </pre>
      )}
      {rest.length > LINES && (
        <button type="button" className={classes.more} onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? texts.notes.less : texts.notes.more(rest.length - LINES)}
        </button>
      )}
    </>
  );
}
