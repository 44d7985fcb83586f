import { Button, Tooltip } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { JsonEditor } from '@/components/json-editor';
import { Panel } from '@/components/panel';
import { parseJsonOr } from '@/lib/json';
import type { Operation, Schemas } from './document';
import { ParameterFields } from './parameter-fields';
import classes from './reference.module.css';
import { type Call, missing, type Values } from './request';
import { ResponseView } from './response-view';
import { sent } from './send';
import { texts } from './texts';
import { untried } from './untried';

interface TryPanelProps {
  operation: Operation;
  schemas: Schemas;
  values: Values;
  call: Call;
  onChange: (values: Values) => void;
}

/** Sends the request as the person who uses the studio. What changes something asks first. */
export function TryPanel(props: TryPanelProps) {
  const { operation, schemas, values, onChange } = props;
  const hidden = untried(operation.id);
  const setParameter = (name: string, value: string) =>
    onChange({ ...values, parameters: { ...values.parameters, [name]: value } });
  return (
    <Panel title={texts.try.title} aside={texts.try.hint}>
      <div className={classes.try}>
        {operation.parameters.length > 0 && (
          <ParameterFields operation={operation} schemas={schemas} values={values.parameters} onChange={setParameter} />
        )}
        {operation.body && (
          <JsonEditor
            value={values.body}
            onChange={(body) => onChange({ ...values, body })}
            label={texts.try.body}
            isInvalid={isInvalid(values)}
          />
        )}
        {hidden && (
          <p className={classes.hint}>
            {texts.try.secret} {hidden.page && <a href={hidden.page}>{texts.try.secretPage}</a>}
          </p>
        )}
        {!hidden && operation.isStream && <p className={classes.hint}>{texts.try.stream}</p>}
        {!hidden && !operation.isStream && <Sender {...props} />}
      </div>
    </Panel>
  );
}

function Sender({ operation, values, call }: TryPanelProps) {
  const [isAsking, setAsking] = useState(false);
  const send = useMutation({ mutationFn: () => sent(call) });
  const reason = whyNot(operation, values);
  const start = () => {
    setAsking(false);
    send.mutate();
  };
  const isChange = operation.method !== 'GET';
  return (
    <>
      {isAsking ? (
        <div className={classes.ask} role="group" aria-label={texts.try.title}>
          <p>{texts.try.ask(operation.method, new URL(call.url).pathname)}</p>
          <Button size="xs" color={operation.method === 'DELETE' ? 'red' : undefined} onClick={start} autoFocus>
            {texts.try.yes}
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsking(false)}>
            {texts.try.no}
          </Button>
        </div>
      ) : (
        <Tooltip label={reason} disabled={reason === null}>
          <Button
            size="xs"
            className={classes.send ?? ''}
            loading={send.isPending}
            aria-disabled={reason !== null}
            data-disabled={reason !== null || undefined}
            onClick={() => reason === null && (isChange ? setAsking(true) : start())}
          >
            {texts.try.send}
          </Button>
        </Tooltip>
      )}
      {send.isError && <p className={classes.fault}>{texts.try.failed}</p>}
      {send.data && <ResponseView response={send.data} name={operation.id} />}
    </>
  );
}

function whyNot(operation: Operation, values: Values): string | null {
  const names = missing(operation, values);
  if (names.length > 0) return texts.try.missing(names);
  return isInvalid(values) ? texts.try.invalid : null;
}

function isInvalid({ body }: Values): boolean {
  return body.trim() !== '' && parseJsonOr(body) === undefined;
}
