import { Button, SegmentedControl, TagsInput, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import { faultsIn, toProblem } from '@/api/problem';
import type { Secret } from '@/api/secrets';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import table from '@/components/record-table.module.css';
import { Warnings } from '@/components/warnings';
import { draftOf, inputOf, isComplete } from './oauth-draft';
import { OauthFields } from './oauth-fields';
import { usePutSecret } from './queries';
import { texts } from './texts';
import { ValueField } from './value-field';

const { form: words } = texts;
const NAME = /^[A-Za-z0-9_]{1,100}$/;

interface SecretFormProps {
  /** The name of the secret to set; `null` for a new one. */
  name: string | null;
  /** Those that there are. */
  secrets: readonly Secret[];
  onDone: () => void;
}

/** Where a secret is entered: a value, or how a token is obtained. What is there already is replaced. */
export function SecretForm({ name: fixed, secrets, onDone }: SecretFormProps) {
  const [name, setName] = useState(fixed ?? '');
  const present = secrets.find((secret) => secret.name === name);
  const [kind, setKind] = useState(present?.oauth2 ? 'oauth2' : 'value');
  const [value, setValue] = useState('');
  const [draft, setDraft] = useState(() => draftOf(present?.oauth2 ?? null));
  const [hosts, setHosts] = useState<string[]>([...(present?.hosts ?? [])]);
  // What was typed and not yet made a host by Enter.
  const [host, setHost] = useState('');
  const put = usePutSecret();
  const isNamed = NAME.test(name);
  const isValue = kind === 'value';
  const isEntered = isValue ? value !== '' : isComplete(draft);
  const faults = put.isError ? toProblem(put.error).faults : [];
  const fault = faultsIn(put.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const all = host.trim() === '' ? hosts : [...hosts, host.trim()];
    if (!isNamed || !isEntered || put.isPending) return;
    const body = isValue ? { value, hosts: all } : { oauth2: inputOf(draft), hosts: all };
    const onSuccess = () => {
      notifications.show({ message: words.saved(name), color: 'green' });
      onDone();
    };
    put.mutate({ name, body }, { onSuccess });
  };
  return (
    <form className={table.form} onSubmit={submit} autoComplete="off">
      <SegmentedControl aria-label={words.kind} data={words.kinds} value={kind} onChange={setKind} />
      {fixed === null && (
        <TextInput
          label={words.name}
          description={<Prose text={present ? words.nameTaken : words.nameHint} />}
          value={name}
          error={name !== '' && !isNamed && <Prose text={words.badName} />}
          onChange={(event) => setName(event.currentTarget.value)}
          spellCheck={false}
          maxLength={100}
          required
          data-autofocus
        />
      )}
      {isValue ? (
        <ValueField value={value} error={fault('/value')} isFirst={fixed !== null} onChange={setValue} />
      ) : (
        <OauthFields draft={draft} set={(change) => setDraft((before) => ({ ...before, ...change }))} fault={fault} />
      )}
      <TagsInput
        label={words.hosts}
        description={<Prose text={present?.hosts ? words.hostsAgain : words.hostsHint} />}
        value={hosts}
        searchValue={host}
        error={fault('/hosts')}
        onChange={setHosts}
        onSearchChange={setHost}
        splitChars={[',', ' ']}
        maxTags={100}
        acceptValueOnBlur
      />
      {isEntered && hosts.length === 0 && host.trim() === '' && (
        <Warnings messages={[isValue ? words.noHosts : words.noHostsOfToken]} />
      )}
      {put.isError && faults.length === 0 && <ProblemCard problem={put.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone}>
          {words.cancel}
        </Button>
        <Button type="submit" loading={put.isPending}>
          {words.save}
        </Button>
      </div>
    </form>
  );
}
