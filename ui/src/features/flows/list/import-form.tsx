import { Button, FileButton, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFolderOpen } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type DragEvent, useMemo, useState } from 'react';
import { JsonEditor } from '@/components/json-editor';
import { ProblemCard } from '@/components/problem-card';
import classes from './dialogs.module.css';
import { readDocument } from './flow-document';
import { ImportVerdict } from './import-verdict';
import { createDraft, validationQuery } from './queries';
import { texts } from './texts';

/** The server's limit for one request. */
const BYTES_MAX = 4 * 1024 * 1024;

/** Imports a file or pasted text; the server validates it before it is stored. */
export function ImportForm({ folder, onClose }: { folder: string | null; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [name, setName] = useState<string>();
  const [fileFault, setFileFault] = useState<string | null>(null);
  const [settled] = useDebouncedValue(text, 300);
  const reading = useMemo(() => readDocument(settled, name), [settled, name]);
  const document = 'document' in reading ? reading.document : null;
  const validation = useQuery(validationQuery(document, settled));
  const isSettled = settled === text;
  const isReady = isSettled && document !== null && validation.data?.faults.length === 0;
  const store = useMutation({
    mutationFn: () => createDraft({ ...document, folder }),
    onSuccess: (flow) => {
      void queries.invalidateQueries({ queryKey: ['flows'] });
      onClose();
      void navigate({ to: '/flows/$flowId', params: { flowId: flow.id } });
    },
  });

  const take = async (file: File | null | undefined) => {
    if (!file) return;
    const isTooLarge = file.size > BYTES_MAX;
    setFileFault(isTooLarge ? texts.importing.tooLarge : null);
    if (isTooLarge) return;
    setName(file.name.replace(/(\.flow)?\.json$/i, ''));
    setText(await file.text());
  };
  const drop = (event: DragEvent) => {
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    void take(file);
  };

  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !store.isPending) store.mutate();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <div className={classes.intro}>
        <p className={classes.hint}>{texts.importing.intro}</p>
        <FileButton onChange={(file) => void take(file)} accept="application/json,.json">
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFolderOpen size={15} aria-hidden />}>
              {texts.importing.choose}
            </Button>
          )}
        </FileButton>
      </div>
      <JsonEditor
        value={text}
        onChange={setText}
        label={texts.importing.json}
        isInvalid={isSettled && text.trim() !== '' && !document}
      />
      <ImportVerdict
        isEmpty={text.trim() === ''}
        isChecking={!isSettled || validation.isFetching}
        reading={reading}
        faults={validation.data?.faults}
        isUnchecked={validation.isError}
        fileFault={fileFault}
      />
      {store.isError && <ProblemCard problem={store.error} />}
      <div className={classes.actions}>
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.importing.cancel}
        </Button>
        <Tooltip label={text.trim() === '' ? texts.importing.empty : texts.importing.notYet} disabled={isReady}>
          <Button
            type="submit"
            size="sm"
            loading={store.isPending}
            data-disabled={!isReady || undefined}
            aria-disabled={!isReady}
          >
            {texts.importing.submit}
          </Button>
        </Tooltip>
      </div>
    </form>
  );
}
