import { Button } from '@mantine/core';
import { IconForms, IconPlayerPause } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Flow } from '@/api/types';
import { EmptyState } from '@/components/empty-state';
import { fieldsOf } from '@/components/schema-form/fields';
import { StandaloneFlow } from '@/components/standalone-flow';
import { formOf } from '@/components/trigger-form';
import { isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';
import { EntryForm } from './entry-form';
import classes from './form-page.module.css';
import { SentEntry } from './sent-entry';
import { texts } from './texts';

const route = getRouteApi('/alone/form/$flowId');

/** A form that starts a flow and shows its result, for people who do not use the studio. */
export function FormPage() {
  const { flowId } = route.useParams();
  return (
    <div className={classes.page}>
      <div className={classes.card}>
        <StandaloneFlow flowId={flowId} texts={texts}>
          {(flow) => <Loaded key={flowId} flow={flow} />}
        </StandaloneFlow>
      </div>
    </div>
  );
}

function Loaded({ flow }: { flow: Flow }) {
  const { execution } = route.useSearch();
  const navigate = route.useNavigate();
  const form = formOf(flow);
  const said = (key: string) => {
    const text = isRecord(form) ? own(form, key) : null;
    return typeof text === 'string' && text !== '' ? text : null;
  };
  const description = said('description') ?? flow.description;
  return (
    <>
      <title>{`${said('title') ?? flow.name} · ${common.product}`}</title>
      <header className={classes.head}>
        <h1 className={classes.title}>{visible(said('title') ?? flow.name)}</h1>
        {description && <p className={classes.description}>{visible(description)}</p>}
      </header>
      {execution === undefined ? (
        <Entry flow={flow} form={form} onSent={(id) => void navigate({ search: { execution: id } })} />
      ) : (
        <SentEntry key={execution} executionId={execution} onAgain={() => void navigate({ search: {} })} />
      )}
    </>
  );
}

interface EntryProps {
  flow: Flow;
  form: unknown;
  onSent: (executionId: string) => void;
}

function Entry({ flow, form, onSent }: EntryProps) {
  const stopped = own(texts.stopped, flow.status);
  if (stopped) return <EmptyState icon={IconPlayerPause} title={texts.stoppedTitle} detail={stopped} />;
  if (form === null) return <NoForm flow={flow} />;
  const fields = fieldsOf(form);
  if (!fields) return <p className={classes.note}>{texts.unknownForm}</p>;
  return (
    <>
      {flow.status === 'draft' && (
        <p className={classes.banner} data-tone="warning">
          {texts.draft}
        </p>
      )}
      <EntryForm flowId={flow.id} fields={fields} onSent={onSent} />
    </>
  );
}

function NoForm({ flow }: { flow: Flow }) {
  return (
    <EmptyState icon={IconForms} title={texts.noFormTitle} detail={texts.noFormDetail}>
      <Button component={Link} to="/flows/$flowId" params={{ flowId: flow.id } as never} variant="default">
        {texts.openFlow}
      </Button>
    </EmptyState>
  );
}
