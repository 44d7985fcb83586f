import { Button } from '@mantine/core';
import { IconFilterOff, IconSitemap } from '@tabler/icons-react';
import { EmptyState } from '@/components/empty-state';
import { ReasonedButton } from '@/components/reasoned-button';
import { texts as common } from '@/lib/texts';
import { startTour } from '@/lib/tour';
import { texts } from './texts';

interface NoFlowsProps {
  isFiltered: boolean;
  /** Whether there are no flows at all, including archived ones. */
  isEmpty: boolean;
  /** Whether the list is that of a folder. */
  isFolder: boolean;
  /** Why no flow can be made; `null` if one can. */
  whyNotNew: string | null;
  onClear: () => void;
  onNew: () => void;
  onImport: () => void;
}

/** Why the list is empty, and what to do about it. */
export function NoFlows({ isFiltered, isEmpty, isFolder, whyNotNew, onClear, onNew, onImport }: NoFlowsProps) {
  if (isFiltered) {
    return (
      <EmptyState icon={IconFilterOff} title={texts.empty.filteredTitle} detail={texts.empty.filteredDetail}>
        <Button variant="default" onClick={onClear}>
          {common.actions.clear}
        </Button>
      </EmptyState>
    );
  }
  const { title, detail } = reasonOf(isEmpty, isFolder);
  return (
    <EmptyState icon={IconSitemap} title={title} detail={detail}>
      <ReasonedButton reason={whyNotNew} onClick={onNew}>
        {texts.new}
      </ReasonedButton>
      <ReasonedButton reason={whyNotNew} variant="default" onClick={onImport}>
        {texts.import}
      </ReasonedButton>
      {isEmpty && !isFolder && (
        <ReasonedButton reason={whyNotNew} variant="subtle" onClick={startTour}>
          {common.help.tour}
        </ReasonedButton>
      )}
    </EmptyState>
  );
}

function reasonOf(isEmpty: boolean, isFolder: boolean) {
  if (isFolder) return { title: texts.folders.emptyTitle, detail: texts.folders.emptyDetail };
  if (isEmpty) return { title: texts.empty.title, detail: texts.empty.detail };
  return { title: texts.empty.archivedTitle, detail: texts.empty.archivedDetail };
}
