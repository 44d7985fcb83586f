import { useState } from 'react';
import type { BulkAction } from '@/api/executions';
import { lazyPart } from '@/components/lazy-part';
import { BulkBar } from './bulk-bar';
import type { Filters } from './filters';
import type { Selection } from './selection';

// Few visits need it.
const BulkDialog = lazyPart(async () => (await import('./bulk-dialog')).BulkDialog);

interface BulkProps {
  selection: Selection;
  filters: Filters;
  /** Whether more match than are loaded, and how many are. */
  hasMore: boolean;
  loaded: number;
  onSelectAll: () => void;
  clear: () => void;
}

/** The bar of what can be done with the selected executions, and the dialog that does it. */
export function Bulk({ selection, filters, hasMore, loaded, onSelectAll, clear }: BulkProps) {
  const [action, setAction] = useState<BulkAction | null>(null);
  const which = selection.isAll ? { filters } : { ids: [...selection.ids] };
  return (
    <>
      <BulkBar
        selection={selection}
        canSelectAll={hasMore || loaded > selection.ids.size}
        onSelectAll={onSelectAll}
        onAction={setAction}
        onClear={clear}
      />
      {action && <BulkDialog action={action} which={which} onClose={() => setAction(null)} />}
    </>
  );
}
