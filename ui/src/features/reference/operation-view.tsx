import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import { CopyButton } from '@/components/copy-button';
import { Prose } from '@/components/prose';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';
import { CodeExample } from './code-example';
import type { Operation, Parameter, Response, Schemas } from './document';
import { FieldTree } from './field-tree';
import { MethodMark } from './method-mark';
import { titleOf } from './operation-list';
import classes from './reference.module.css';
import { callOf, emptyValues } from './request';
import { type Field, fieldsOf, typeOf } from './schema-tree';
import { texts } from './texts';
import { TryPanel } from './try-panel';

/** One operation: what it takes and answers, its code, and a way to try it. */
export function OperationView({ operation, schemas }: { operation: Operation; schemas: Schemas }) {
  const [values, setValues] = useState(() => emptyValues(operation));
  const account = useQuery(accountQuery()).data;
  const call = callOf(operation, values, location.origin);
  const needsKey = operation.permission !== null && account?.is_local !== true;
  return (
    <article className={classes.operation}>
      <div className={`${classes.about} ${classes.head}`}>
        <h2 className={classes.title} id="operation" tabIndex={-1}>
          {titleOf(operation.id)}
        </h2>
        <p className={classes.address}>
          <MethodMark method={operation.method} />
          <code>{operation.path}</code>
          <CopyButton value={operation.path} />
        </p>
        <p>
          <Prose text={operation.summary} />
        </p>
        {operation.description && (
          <p>
            <Prose text={operation.description} />
          </p>
        )}
        <Permission operation={operation} />
      </div>
      <div className={`${classes.about} ${classes.rest}`}>
        <Parameters operation={operation} schemas={schemas} />
        {operation.body && (
          <section>
            <h3>{operation.body.isRequired ? texts.body : texts.optionalBody}</h3>
            <FieldTree fields={fieldsOf(operation.body.schema, schemas)} />
          </section>
        )}
        <Responses responses={operation.successes} schemas={schemas} />
        <Problems problems={operation.problems} />
      </div>
      <div className={classes.aside}>
        <CodeExample call={call} needsKey={needsKey} />
        <TryPanel operation={operation} schemas={schemas} values={values} call={call} onChange={setValues} />
      </div>
    </article>
  );
}

function Permission({ operation: { permission } }: { operation: Operation }) {
  const account = useQuery(accountQuery()).data;
  if (!permission) return <p className={classes.permission}>{texts.permission.open}</p>;
  const roles = common.account.roles;
  const needs = texts.permission.needs(permission.name, own(roles, permission.role) ?? permission.role);
  const isMissing = account !== undefined && !(account.permissions as readonly string[]).includes(permission.name);
  return (
    <p className={classes.permission}>
      {texts.permission.label}: <code>{needs.permission}</code>, {needs.role}.{' '}
      {isMissing && <strong>{texts.permission.missing(own(roles, account.role) ?? account.role)}</strong>}
    </p>
  );
}

const PLACES = ['path', 'query', 'header'] as const;

function Parameters({ operation, schemas }: { operation: Operation; schemas: Schemas }) {
  return PLACES.map((place) => {
    const there = operation.parameters.filter((parameter) => parameter.in === place);
    if (there.length === 0) return null;
    return (
      <section key={place}>
        <h3>{texts.parameters[place]}</h3>
        <FieldTree fields={there.map((parameter) => parameterField(parameter, schemas))} />
      </section>
    );
  });
}

/** A parameter as a field of an object. */
function parameterField({ name, description, required = false, schema }: Parameter, schemas: Schemas): Field {
  const [field] = fieldsOf({ properties: { [name]: schema }, required: required ? [name] : [] }, schemas);
  return { ...(field as Field), description: description ?? field?.description ?? '' };
}

function Responses({ responses, schemas }: { responses: readonly Response[]; schemas: Schemas }) {
  return (
    <section>
      <h3>{texts.responses}</h3>
      {responses.map(({ status, description, schema, headers, isStream }) => (
        <div key={status} className={classes.answer}>
          <p className={classes.answerHead}>
            <span className={classes.code3} data-tone="success">
              {status}
            </span>
            <Prose text={description} />
            {schema && !isStream && <span className={classes.type}>{typeOf(schema, schemas)}</span>}
          </p>
          {isStream && <p className={classes.hint}>{texts.stream}</p>}
          {headers.length > 0 && (
            <ul className={classes.responseHeaders}>
              {headers.map((header) => (
                <li key={header.name}>
                  <code>{header.name}</code> <Prose text={header.description} />
                </li>
              ))}
            </ul>
          )}
          {schema && <FieldTree fields={fieldsOf(schema, schemas)} />}
        </div>
      ))}
    </section>
  );
}

function Problems({ problems }: { problems: readonly Response[] }) {
  if (problems.length === 0) return null;
  return (
    <section>
      <h3>{texts.problems}</h3>
      <p className={classes.hint}>
        {texts.problemsHint} <a href="/docs/reference/problems.md">{texts.aboutProblems}</a>
      </p>
      <ul className={classes.problems}>
        {problems.map(({ status, description }) => (
          <li key={status}>
            <span className={classes.code3} data-tone={status < '500' ? 'warning' : 'danger'}>
              {status}
            </span>
            <span>
              <Prose text={description} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
