import { IconCircleCheck, IconClockX, IconLinkOff, IconSend, IconUserCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { type ApprovalDecision, type Decision, decideByLink, decisionQuery } from '@/api/approvals';
import { toProblem } from '@/api/problem';
import { ApprovalForm } from '@/components/approval-form';
import { EmptyState } from '@/components/empty-state';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { RelativeTime } from '@/components/relative-time';
import { RequestForm } from '@/components/request-form';
import { BlockSkeleton } from '@/components/skeletons';
import { type Decide, isGone, type OnSettled } from '@/components/use-decision';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './decide-page.module.css';
import { Expiry } from './expiry';
import { ProposedValue } from './proposed-value';
import { texts } from './texts';
import { titleOf } from './titles';

/** The page behind a link to decide with. It stands alone: who opens it need not know the studio. */
export function DecidePage() {
  const { token } = useParams({ from: '/alone/decide/$token' });
  return (
    <div className={classes.page}>
      <title>{`${texts.decide.title} · ${common.product}`}</title>
      <h1 className="visually-hidden">{texts.decide.title}</h1>
      <Asked key={token} token={token} />
    </div>
  );
}

function Asked({ token }: { token: string }) {
  const queries = useQueryClient();
  const [outcome, setOutcome] = useState<string | null>(null);
  const [isSent, setSent] = useState(false);
  const asked = useQuery({ ...decisionQuery(token, isSent), enabled: outcome === null || isSent });
  const settle: OnSettled = (said, isMine) => {
    if (isMine) setOutcome(said);
    else void queries.invalidateQueries({ queryKey: decisionQuery(token).queryKey });
  };
  const decide = async (said: ApprovalDecision) => setSent(!(await decideByLink(token, said)));
  if (asked.error && isGone(asked.error) && (outcome === null || isSent)) {
    return <Over problem={asked.error} isAwaited={isSent} />;
  }
  if (outcome !== null) {
    return (
      <Told icon={isSent ? IconSend : IconCircleCheck} title={outcome}>
        {isSent ? texts.decide.sent : texts.decide.done}
      </Told>
    );
  }
  // What was read is shown until the server is back: what is filled in stays.
  if (asked.data) return <Open decision={asked.data} token={token} decide={decide} onSettled={settle} />;
  if (asked.isPending) return <BlockSkeleton height={320} />;
  return <ProblemCard problem={asked.error} onRetry={() => void asked.refetch()} />;
}

/** Why a link decides nothing any more; `isAwaited` if what was decided with it was on its way. */
function Over({ problem, isAwaited }: { problem: unknown; isAwaited: boolean }) {
  const { status, type, detail } = toProblem(problem);
  if (status === 410) {
    return (
      <Told icon={IconClockX} title={texts.decide.expired}>
        <Prose text={detail} />
      </Told>
    );
  }
  if (status === 404) {
    return (
      <Told icon={IconLinkOff} title={texts.decide.wrong}>
        <Prose text={detail} />
      </Told>
    );
  }
  const isDecided = type.endsWith('#already-decided');
  const decided = isAwaited ? texts.decide.known : texts.decide.decided;
  return (
    <Told icon={IconUserCheck} title={isDecided ? decided : texts.decide.over}>
      <Prose text={detail} />
    </Told>
  );
}

type ToldProps = Pick<React.ComponentProps<typeof EmptyState>, 'icon' | 'title' | 'children'>;

function Told({ children, ...props }: ToldProps) {
  return (
    <div className={classes.card} role="status">
      <EmptyState {...props} detail={children} />
    </div>
  );
}

interface OpenProps {
  decision: Decision;
  token: string;
  decide: Decide;
  onSettled: OnSettled;
}

function Open({ decision, token, decide, onSettled }: OpenProps) {
  const title = titleOf(decision);
  const flow = decision.flow_name ?? texts.deletedFlow;
  const label = texts.decideOn(title, flow);
  const { subject, arguments_hash: hash, expires_at: expiresAt } = decision;
  const form = { label, onSettled, decide };
  return (
    <article className={classes.card} aria-label={label}>
      <header className={classes.head}>
        <span className={classes.flow}>
          <bdi>{flow}</bdi>
        </span>
        <h2 className={classes.title}>{decision.tool === null ? title : <code>{title}</code>}</h2>
        <span className={classes.soft}>
          {decision.agent_name !== null && (
            <>
              <bdi>{decision.agent_name}</bdi>
              {' · '}
            </>
          )}
          {texts.asked} <RelativeTime time={decision.requested_at} />
        </span>
        <Expiry approval={decision} />
      </header>
      <ProposedValue asked={decision} />
      {subject === 'input' || subject === 'node' ? (
        <RequestForm request={{ ...decision, id: token }} unknownForm={texts.decide.unknownForm} {...form} />
      ) : (
        <ApprovalForm id={token} value={decision.arguments} hash={hash} expiresAt={expiresAt} {...form} />
      )}
      <p className={classes.foot}>
        {texts.decide.works(decision.made_for, formatMoment(millis(decision.link_expires_at) ?? 0))}
      </p>
    </article>
  );
}
