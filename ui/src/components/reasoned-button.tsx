import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { type ReactNode, useId } from 'react';

interface ReasonedButtonProps extends ButtonProps {
  /** Why it is disabled; `null` when it is enabled. */
  reason: string | null;
  /** Its tooltip while it is enabled. */
  hint?: string;
  /** Of a form. */
  type?: 'submit';
  onClick?: () => void;
  children: ReactNode;
}

/** A button that says why it is disabled. It stays in the tab order, so that everyone can read the reason. */
export function ReasonedButton({ reason, hint, onClick, children, ...rest }: ReasonedButtonProps) {
  const label = reason ?? hint;
  const id = useId();
  return (
    <Tooltip label={label} disabled={!label} multiline maw={260}>
      <Button
        {...rest}
        {...(reason && { 'data-disabled': true, 'aria-describedby': id })}
        aria-disabled={reason !== null}
        onClick={reason ? (event) => event.preventDefault() : onClick}
      >
        {children}
        {reason && <Reason id={id} text={reason} />}
      </Button>
    </Tooltip>
  );
}

/** For screen readers, which do not wait for the tooltip. */
function Reason({ id, text }: { id: string; text: string }) {
  return (
    <span id={id} hidden>
      {text}
    </span>
  );
}
