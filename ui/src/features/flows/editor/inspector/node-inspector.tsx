import { Tabs } from '@mantine/core';
import { useState } from 'react';
import type { Flow, FlowNode } from '@/api/types';
import { useDraft } from '../document/draft-context';
import type { Catalogue } from '../document/node-types';
import { NodeTest } from '../test/node-test';
import classes from './inspector.module.css';
import { NodeForm } from './node-form';
import { texts } from './texts';

interface NodeInspectorProps {
  node: FlowNode;
  flow: Flow;
  catalogue: Catalogue | undefined;
}

/** One node: its settings and its test. */
export function NodeInspector(props: NodeInspectorProps) {
  const isInBody = useDraft((state) => state.inside.length > 0);
  const [tab, setTab] = useState<string | null>('settings');
  // The test result stays while the settings are corrected; nothing is fetched before the test is first shown.
  const [wasTestShown, setTestShown] = useState(false);
  const open = (next: string | null) => {
    setTab(next);
    if (next === 'test') setTestShown(true);
  };
  return (
    <Tabs value={tab} onChange={open} keepMounted>
      <Tabs.List grow className={classes.tabs} aria-label={texts.tabs}>
        <Tabs.Tab value="settings">{texts.settings}</Tabs.Tab>
        <Tabs.Tab value="test">{texts.test}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="settings">
        <NodeForm {...props} />
      </Tabs.Panel>
      <Tabs.Panel value="test">
        {isInBody ? (
          <p className={classes.description}>{texts.notAlone}</p>
        ) : (
          wasTestShown && <NodeTest node={props.node} flowId={props.flow.id} />
        )}
      </Tabs.Panel>
    </Tabs>
  );
}
