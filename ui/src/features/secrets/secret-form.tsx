import { Anchor, Button, Checkbox, TagsInput, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import { toProblem } from '@/api/problem';
import type { Secret } from '@/api/secrets';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import table from '@/components/record-table.module.css';
import { Warnings } from '@/components/warnings';
import { usePutSecret } from './queries';
import classes from './secrets.module.css';
import { texts } from './texts';

const { form: words } = texts;
const NAME = /^[A-Za-z0-9_]{1,100}$/;

interface SecretFormProps {
  /** The name of the secret to set; `null` for a new one. */
  name: string | null;
  /** Those that there are. */
  secrets: readonly Secret[];
  onDone: () => void;
}

/** Where the value of a secret is entered. It is never shown: what is there already is replaced. */
export function SecretForm({ name: fixed, secrets, onDone }: SecretFormProps) {
  const [name, setName] = useState(fixed ?? '');
  const [value, setValue] = useState('');
  const [isShown, setShown] = useState(false);
  const present = secrets.find((secret) => secret.name === name);
  const [hosts, setHosts] = useState<string[]>([...(present?.hosts ?? [])]);
  // What was typed and not yet made a host by Enter.
  const [host, setHost] = useState('');
  const put = usePutSecret();
  const isNamed = NAME.test(name);
  const fault = (pointer: string) => {
    const faults = put.isError ? toProblem(put.error).faults : [];
    return faults.find((one) => one.pointer.startsWith(pointer))?.detail;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const all = host.trim() === '' ? hosts : [...hosts, host.trim()];
    if (!isNamed || value === '' || put.isPending) return;
    put.mutate(
      { name, value, hosts: all },
      {
        onSuccess: () => {
          notifications.show({ message: words.saved(name), color: 'green' });
          onDone();
        },
      },
    );
  };
  const isPlaced = fault('/value') !== undefined || fault('/hosts') !== undefined;
  return (
    <form className={table.form} onSubmit={submit} autoComplete="off">
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
      <Textarea
        label={words.value}
        description={words.valueHint}
        value={value}
        error={fault('/value')}
        classNames={{ input: isShown ? classes.shown : classes.masked }}
        onChange={(event) => setValue(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
        autosize
        minRows={1}
        maxRows={6}
        required
        data-autofocus={fixed !== null || undefined}
      />
      <Checkbox
        size="xs"
        label={words.show}
        checked={isShown}
        onChange={(event) => setShown(event.currentTarget.checked)}
      />
      {value !== value.trim() && (
        <div className={classes.blanks}>
          <Warnings messages={[words.blanks]} />
          <Anchor component="button" type="button" size="xs" onClick={() => setValue(value.trim())}>
            {words.trim}
          </Anchor>
        </div>
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
      {value !== '' && hosts.length === 0 && host.trim() === '' && <Warnings messages={[words.noHosts]} />}
      {put.isError && !isPlaced && <ProblemCard problem={put.error} />}
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
