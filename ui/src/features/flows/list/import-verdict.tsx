import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import type { Fault } from '@/api/problem';
import { isRecord } from '@/lib/json';
import classes from './dialogs.module.css';
import type { DocumentReading, FlowDocument } from './flow-document';
import { texts } from './texts';

interface ImportVerdictProps {
  isEmpty: boolean;
  isChecking: boolean;
  reading: DocumentReading;
  /** The server's findings; absent until it has responded. */
  faults: readonly Fault[] | undefined;
  isUnchecked: boolean;
  fileFault: string | null;
}

/** Whether the document can be imported, and its problems otherwise. */
export function ImportVerdict({ isEmpty, isChecking, reading, faults, isUnchecked, fileFault }: ImportVerdictProps) {
  return (
    <div className={classes.verdict} role="status">
      {fileFault && <Bad text={fileFault} />}
      {!fileFault && !isEmpty && (
        <Answer isChecking={isChecking} reading={reading} faults={faults} isUnchecked={isUnchecked} />
      )}
    </div>
  );
}

function Answer({ isChecking, reading, faults, isUnchecked }: Omit<ImportVerdictProps, 'isEmpty' | 'fileFault'>) {
  if (isChecking && !faults) return <span className={classes.hint}>{texts.importing.checking}</span>;
  if ('fault' in reading) return <Bad text={`${texts.importing.notJson} ${reading.fault}`} />;
  if (isUnchecked) return <Bad text={texts.importing.unchecked} />;
  if (!faults) return null;
  if (faults.length === 0) {
    return (
      <p className={classes.line} data-tone="success">
        <IconCircleCheck size={16} aria-hidden className={classes.lineIcon} />
        {texts.importing.valid(nameOf(reading.document), nodesIn(reading.document))}
      </p>
    );
  }
  return (
    <>
      <Bad text={texts.importing.faults(faults.length)} />
      <ul className={classes.faults}>
        {faults.map(({ pointer, detail }) => (
          <li key={`${pointer} ${detail}`}>
            <code className={classes.pointer}>{pointer || texts.importing.document}</code> {detail}
          </li>
        ))}
      </ul>
    </>
  );
}

function Bad({ text }: { text: string }) {
  return (
    <p className={classes.line} data-tone="danger">
      <IconAlertTriangle size={16} aria-hidden className={classes.lineIcon} />
      {text}
    </p>
  );
}

function nameOf(document: FlowDocument): string {
  return typeof document.name === 'string' ? document.name : '';
}

function nodesIn({ flow_definition: definition }: FlowDocument): number {
  return isRecord(definition) && Array.isArray(definition.nodes) ? definition.nodes.length : 0;
}
