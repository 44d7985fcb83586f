import { Button } from '@mantine/core';
import { IconMessage2Off, IconPencilPlus } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Flow } from '@/api/types';
import { chatOf, conversationIn, type Unfit } from '@/components/chat-flow';
import { EmptyState } from '@/components/empty-state';
import { Prose } from '@/components/prose';
import { StandaloneFlow } from '@/components/standalone-flow';
import { visible } from '@/lib/json-text';
import { idempotencyKey } from '@/lib/keys';
import { texts as common } from '@/lib/texts';
import { Chat } from './chat';
import classes from './chat.module.css';
import { texts } from './texts';

const route = getRouteApi('/alone/chat/$flowId');

/** A conversation with a flow, for people who do not use the studio. */
export function ChatPage() {
  const { flowId } = route.useParams();
  return (
    <div className={classes.page}>
      <StandaloneFlow flowId={flowId} texts={texts}>
        {(flow) => <Loaded key={flowId} flow={flow} />}
      </StandaloneFlow>
    </div>
  );
}

function Loaded({ flow }: { flow: Flow }) {
  const named = conversationIn(route.useSearch().c);
  const navigate = route.useNavigate();
  const [fresh, setFresh] = useState(idempotencyKey);
  const conversation = named ?? fresh;
  const chat = chatOf(flow);
  const begin = () => {
    if (named === undefined) void navigate({ search: { c: conversation }, replace: true });
  };
  const leave = () => {
    setFresh(idempotencyKey());
    void navigate({ search: {} });
  };
  return (
    <>
      <title>{`${flow.name} · ${common.product}`}</title>
      <header className={classes.head}>
        <div className={classes.names}>
          <h1 className={classes.title}>{visible(flow.name)}</h1>
          {flow.description && <p className={classes.description}>{visible(flow.description)}</p>}
        </div>
        {typeof chat === 'object' && named !== undefined && (
          <Button size="sm" variant="default" leftSection={<IconPencilPlus size={15} aria-hidden />} onClick={leave}>
            {texts.fresh}
          </Button>
        )}
      </header>
      {flow.status === 'draft' && (
        <p className={classes.banner} data-tone="warning">
          {texts.draft}
        </p>
      )}
      {typeof chat === 'string' ? (
        <NoChat flow={flow} why={chat} />
      ) : (
        <Chat
          key={conversation}
          flow={flow}
          chat={chat}
          conversation={conversation}
          isNamed={named !== undefined}
          onBegin={begin}
        />
      )}
    </>
  );
}

function NoChat({ flow, why }: { flow: Flow; why: Unfit }) {
  const detail = (
    <>
      <Prose text={texts.unfit[why]} /> {texts.guide}
    </>
  );
  return (
    <EmptyState icon={IconMessage2Off} title={texts.unfitTitle} detail={detail}>
      <Button component={Link} to="/flows/$flowId" params={{ flowId: flow.id } as never} variant="default">
        {texts.openFlow}
      </Button>
    </EmptyState>
  );
}
