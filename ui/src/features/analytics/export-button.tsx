import { IconDownload } from '@tabler/icons-react';
import { ReasonedButton } from '@/components/reasoned-button';
import { saveFile } from '@/lib/save-file';
import { texts } from './texts';

interface ExportButtonProps {
  name: string;
  /** Makes the file; `null` where there is nothing to export. */
  csv: (() => string) | null;
}

/** Downloads a report as CSV. */
export function ExportButton({ name, csv }: ExportButtonProps) {
  return (
    <ReasonedButton
      reason={csv ? null : texts.export.nothing}
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden />}
      onClick={() => csv && saveFile(`${name}.csv`, csv(), 'text/csv')}
    >
      {texts.export.label}
    </ReasonedButton>
  );
}
