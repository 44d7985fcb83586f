import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { SecretUses } from '@/api/secrets';
import table from '@/components/record-table.module.css';
import { visible } from '@/lib/json-text';
import { texts } from './texts';

const SHOWN_MAX = 3;

/** What uses a secret, each as a link. */
export function UsesList({ uses, isWhole }: { uses: readonly SecretUses[]; isWhole?: boolean }) {
  const shown = isWhole ? uses : uses.slice(0, SHOWN_MAX);
  return (
    <ul className={table.list}>
      {shown.map((use) => (
        <li key={`${use.kind} ${use.id}`}>
          <Use use={use} />
        </li>
      ))}
      {uses.length > shown.length && <li className={table.soft}>{texts.more(uses.length - shown.length)}</li>}
    </ul>
  );
}

function Use({ use: { kind, id, name } }: { use: SecretUses }) {
  const shown = (
    <>
      <bdi>{visible(name)}</bdi> <span className={table.soft}>{texts.kinds[kind]}</span>
    </>
  );
  switch (kind) {
    case 'flow':
      return (
        <Anchor inherit renderRoot={(props) => <Link {...props} to="/flows/$flowId" params={{ flowId: id }} />}>
          {shown}
        </Anchor>
      );
    case 'agent':
      return (
        <Anchor inherit renderRoot={(props) => <Link {...props} to="/agents" search={{ agent: id }} />}>
          {shown}
        </Anchor>
      );
    case 'alert':
      return (
        <Anchor inherit renderRoot={(props) => <Link {...props} to="/alerts" />}>
          {shown}
        </Anchor>
      );
  }
}
