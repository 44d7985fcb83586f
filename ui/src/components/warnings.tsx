import { IconAlertTriangle } from '@tabler/icons-react';
import { texts } from '@/lib/texts';
import { Prose } from './prose';
import { SetSecretLink } from './set-secret-link';
import classes from './warnings.module.css';

interface WarningsProps {
  messages: readonly string[];
  /** For `aria-describedby`. */
  id?: string | undefined;
}

/** What is probably not meant, one message a line; nothing without messages. */
export function Warnings({ messages, id }: WarningsProps) {
  if (messages.length === 0) return null;
  return (
    <ul className={classes.warnings} id={id} data-tone="warning">
      {messages.map((message) => (
        <li key={message}>
          <IconAlertTriangle size={13} aria-hidden />
          <span>
            <span className="visually-hidden">{texts.warning} </span>
            <Prose text={message} /> <SetSecretLink message={message} />
          </span>
        </li>
      ))}
    </ul>
  );
}
