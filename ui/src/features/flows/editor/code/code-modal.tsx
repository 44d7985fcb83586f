import { Modal, SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { Flow } from '@/api/types';
import { CopyButton } from '@/components/copy-button';
import { exampleOf, fieldsOf } from '@/components/schema-form/fields';
import { formOf } from '@/components/trigger-form';
import { writeJson } from '@/lib/json';
import classes from './code.module.css';
import { signingOf, webhookOf } from './signing';
import { LANGUAGES, type Language, type Request, snippetOf } from './snippets';
import { texts } from './texts';

interface CodeModalProps {
  /** As it is saved. */
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

type Way = 'api' | 'webhook';

/** Programs that start a flow with its example data: by the API, and by its webhook. */
export function CodeModal({ flow, opened, onClose }: CodeModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={720}
      fullScreen={narrow}
      title={texts.title}
      closeButtonProps={{ 'aria-label': texts.close }}
    >
      <Code flow={flow} />
    </Modal>
  );
}

function Code({ flow }: { flow: Flow }) {
  const calls = callsOf(flow);
  const [way, setWay] = useState<Way>(calls.webhook ? 'webhook' : 'api');
  const [language, setLanguage] = useState<Language>('curl');
  const code = snippetOf(language, calls[way] ?? calls.api);
  const isStopped = flow.status === 'paused' || flow.status === 'archived';
  return (
    <div className={classes.frame}>
      <div className={classes.choices}>
        {calls.webhook && (
          <SegmentedControl
            size="xs"
            aria-label={texts.way}
            data={[
              { value: 'webhook', label: texts.webhook },
              { value: 'api', label: texts.api },
            ]}
            value={way}
            onChange={(value) => setWay(value as Way)}
          />
        )}
        <SegmentedControl
          size="xs"
          aria-label={texts.language}
          data={LANGUAGES.map((value) => ({ value, label: texts.languages[value] }))}
          value={language}
          onChange={(value) => setLanguage(value as Language)}
        />
        <CopyButton value={code} label={texts.copy} />
      </div>
      <p className={classes.note}>
        {isStopped ? texts.stopped(flow.status) : way === 'webhook' ? texts.webhookNote : texts.apiNote}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached with the keyboard. */}
      <section className={classes.code} tabIndex={0} aria-label={texts.languages[language]}>
        <pre>{code}</pre>
      </section>
    </div>
  );
}

/** What starts a flow: `webhook` is `null` if it has none, or one whose scheme is not known. */
function callsOf(flow: Flow): { api: Request; webhook: Request | null } {
  const {
    id,
    flow_definition: { nodes },
  } = flow;
  const { origin } = window.location;
  const given = nodes.find(({ type }) => type === 'trigger')?.example;
  const example = given ?? exampleOf(fieldsOf(formOf(flow)) ?? []);
  const webhook = webhookOf(nodes);
  const signing = webhook && signingOf(webhook);
  return {
    api: {
      address: `${origin}/api/v1/studio/flows/${id}/execute?wait=30`,
      body: writeJson({ trigger_data: example }),
      signing: null,
    },
    webhook: signing && { address: `${origin}/hooks/${String(webhook.path)}`, body: bodyOf(example), signing },
  };
}

/** The example of a flow with a webhook has what came in as its body. */
function bodyOf(example: unknown): string {
  const body = typeof example === 'object' && example !== null && 'body' in example ? example.body : example;
  return writeJson(body ?? {});
}
