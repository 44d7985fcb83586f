import { Autocomplete, Button, MultiSelect, Radio, Select, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Account } from '@/api/account';
import { flowsQuery, foldersQuery } from '@/api/flows';
import { faultsIn } from '@/api/problem';
import { largestRole } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import table from '@/components/record-table.module.css';
import { serverNow } from '@/lib/clock';
import { texts as common } from '@/lib/texts';
import { KeyBox } from './key-box';
import classes from './keys.module.css';
import { useCreateKey } from './queries';
import { texts } from './texts';

const { form: words } = texts;
const ROLES = Object.entries(common.account.roles).filter(([value]) => value !== 'none');
const DAY_MS = 86_400_000;

interface KeyFormProps {
  account: Account;
  /** The names of the service accounts that there are. */
  services: readonly string[];
  onDone: () => void;
}

/** Makes a key, for oneself or for a service account, and shows it once. */
export function KeyForm({ account, services, onDone }: KeyFormProps) {
  // Keys of others take the permission to manage keys, and own ones somebody who has signed in.
  const hasOwn = !account.is_local && account.kind === 'person';
  const hasServices = account.permissions.includes('manage_keys');
  const [owner, setOwner] = useState(hasOwn ? 'own' : 'service');
  const [service, setService] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  const [ends, setEnds] = useState('90');
  const [flows, setFlows] = useState<string[]>([]);
  const [folders, setFolders] = useState<string[]>([]);
  const [networks, setNetworks] = useState<string[]>([]);
  const create = useCreateKey();
  const fault = faultsIn(create.error);
  const isPlaced = ['/name', '/account', '/folders', '/addresses'].some((pointer) => fault(pointer) !== undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const input = {
      name,
      role,
      ...(flows.length > 0 && { flow_ids: flows }),
      ...(folders.length > 0 && { folders }),
      ...(networks.length > 0 && { addresses: networks }),
      ...(ends !== 'never' && { expires_at: new Date(serverNow() + Number(ends) * DAY_MS).toISOString() }),
    };
    create.mutate({ input, account: owner === 'own' ? null : service });
  };
  if (create.data) return <KeyBox made={create.data} onDone={onDone} />;
  const roles = ROLES.slice(0, ROLES.findIndex(([value]) => value === largestRole(account)) + 1);
  return (
    <form className={table.form} onSubmit={submit}>
      {hasOwn && hasServices && (
        <Radio.Group label={words.owner} value={owner} onChange={setOwner}>
          <div className={classes.choices}>
            <Radio value="own" label={words.own} description={words.ownHint} />
            <Radio value="service" label={words.service} description={words.serviceHint} />
          </div>
        </Radio.Group>
      )}
      {owner === 'service' && (
        <Autocomplete
          label={words.account}
          description={words.accountHint}
          data={[...services]}
          value={service}
          error={fault('/account')}
          onChange={setService}
          maxLength={100}
          required
        />
      )}
      <TextInput
        label={words.name}
        description={<Prose text={words.nameHint} />}
        value={name}
        error={fault('/name')}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        required
        data-autofocus
      />
      <Radio.Group label={words.role} value={role} onChange={setRole}>
        <div className={classes.choices}>
          {roles.map(([value, label]) => (
            <Radio key={value} value={value} label={label} description={words.may[value]} />
          ))}
        </div>
      </Radio.Group>
      <Select
        label={words.expires}
        data={Object.entries(words.ends).map(([value, label]) => ({ value, label }))}
        value={ends}
        onChange={(chosen) => setEnds(chosen ?? '90')}
        allowDeselect={false}
      />
      <Limits
        flows={flows}
        onFlows={setFlows}
        folders={folders}
        onFolders={setFolders}
        networks={networks}
        onNetworks={setNetworks}
        fault={fault}
      />
      {create.isError && !isPlaced && <ProblemCard problem={create.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone}>
          {words.cancel}
        </Button>
        <Button type="submit" loading={create.isPending}>
          {words.submit}
        </Button>
      </div>
    </form>
  );
}

interface LimitsProps {
  flows: string[];
  onFlows: (flows: string[]) => void;
  folders: string[];
  onFolders: (folders: string[]) => void;
  networks: string[];
  onNetworks: (networks: string[]) => void;
  fault: (pointer: string) => string | undefined;
}

function Limits({ flows, onFlows, folders, onFolders, networks, onNetworks, fault }: LimitsProps) {
  const known = useQuery(flowsQuery());
  const knownFolders = useQuery(foldersQuery()).data ?? [];
  return (
    <>
      <MultiSelect
        label={words.flows}
        description={words.flowsHint}
        placeholder={flows.length === 0 ? words.allFlows : undefined}
        data={(known.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={flows}
        onChange={onFlows}
        maxValues={100}
        searchable
      />
      <TagsInput
        label={words.folders}
        description={<Prose text={words.foldersHint} />}
        data={knownFolders}
        value={folders}
        error={fault('/folders')}
        onChange={onFolders}
        maxTags={50}
        acceptValueOnBlur
      />
      <TagsInput
        label={words.networks}
        description={<Prose text={words.networksHint} />}
        value={networks}
        error={fault('/addresses')}
        onChange={onNetworks}
        splitChars={[',', ' ']}
        maxTags={20}
        acceptValueOnBlur
      />
    </>
  );
}
