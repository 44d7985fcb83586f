import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { renameNode } from '../document/commands';
import { idsOf } from '../document/definition';
import { useDraftStore } from '../document/draft-context';
import { texts } from './texts';

/** A node's id. Applied when the field loses focus: an unfinished id must not rename anything. */
export function IdField({ id, fault }: { id: string; fault: string | undefined }) {
  const store = useDraftStore();
  const [draft, setDraft] = useState(id);
  const reason = whyNot(draft.trim(), id, idsOf(store.getState().present));
  const commit = () => {
    const next = draft.trim();
    if (reason || next === id) return setDraft(id);
    const { apply, select } = store.getState();
    apply(renameNode(id, next));
    select({ nodes: [next] });
  };
  return (
    <TextInput
      size="xs"
      label={texts.id}
      description={texts.idDetail}
      error={reason ?? fault}
      value={draft}
      maxLength={200}
      spellCheck={false}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape') setDraft(id);
      }}
    />
  );
}

function whyNot(next: string, id: string, taken: ReadonlySet<string>): string | null {
  if (next === '') return texts.idEmpty;
  return next !== id && taken.has(next) ? texts.idTaken : null;
}
