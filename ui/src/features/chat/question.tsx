import { useQuery } from '@tanstack/react-query';
import classes from './chat.module.css';
import type { ChatEntry } from './entries';
import { Said } from './said';
import { texts } from './texts';
import { executionQuery } from './use-conversation';

/** What somebody wrote: as the agent was asked, or else as the flow was started. */
export function Question({ entry: { executionId, turn } }: { entry: ChatEntry }) {
  const { data } = useQuery({ ...executionQuery(executionId), enabled: turn === null });
  const asked = turn ? turn.question : data?.trigger_data;
  return (
    <div className={classes.question}>
      <span className="visually-hidden">{texts.you}</span>
      {asked === undefined ? '…' : <Said value={asked} fileName="message.json" />}
    </div>
  );
}
