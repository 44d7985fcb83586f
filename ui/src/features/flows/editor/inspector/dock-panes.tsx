import { ActionIcon, Tabs } from '@mantine/core';
import {
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconLayoutSidebarRightCollapse,
  IconLayoutSidebarRightExpand,
} from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { Flow, FlowNode } from '@/api/types';
import { useBench } from '../bench/bench-context';
import type { Place } from '../bench/use-sources';
import { InputPane } from '../test/input-pane';
import { OutputPane } from '../test/output-pane';
import classes from './dock.module.css';
import { PaneResizer } from './pane-resizer';
import { type Arrangement, type SideName, setOpen } from './panes';
import { texts } from './texts';

/** What is shown of a selection: only nodes have an output, and only nodes and edges an input. */
export interface Parts {
  form: ReactNode;
  flow?: Flow;
  place?: Place;
  node?: FlowNode;
}

interface PanesProps {
  parts: Parts;
  arrangement: Arrangement;
}

/** Input, form and output beside one another. */
export function Panes({ parts: { form, flow, place, node }, arrangement: { widths, isOpen } }: PanesProps) {
  return (
    <div className={classes.panes}>
      {flow && place && (
        <Side name="input" isOpen={isOpen.input} width={widths.input}>
          <InputPane flowId={flow.id} place={place} />
        </Side>
      )}
      <PaneResizer name="form" width={widths.form} />
      <div className={classes.form} style={{ flexBasis: widths.form }}>
        {form}
      </div>
      {flow && node && (
        <Side name="output" isOpen={isOpen.output} width={widths.output}>
          <OutputPane node={node} flow={flow} />
        </Side>
      )}
    </div>
  );
}

const ICONS = {
  input: [IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand],
  output: [IconLayoutSidebarRightCollapse, IconLayoutSidebarRightExpand],
} as const;

interface SideProps {
  name: SideName;
  isOpen: boolean;
  width: number;
  children: ReactNode;
}

/** A pane that closes to a strip. Nothing in it is loaded while it is closed. */
function Side({ name, isOpen, width, children }: SideProps) {
  const [Collapse, Expand] = ICONS[name];
  const label = texts.panes[name];
  if (!isOpen) {
    return (
      <button
        type="button"
        className={classes.strip}
        aria-label={texts.expand[name]}
        title={texts.expand[name]}
        data-side={name}
        onClick={() => setOpen(name, true)}
      >
        <Expand size={16} stroke={1.7} aria-hidden />
        <span aria-hidden>{label}</span>
      </button>
    );
  }
  return (
    <>
      <PaneResizer name={name} width={width} />
      <section className={classes.side} style={{ flexBasis: width }} aria-label={label} data-side={name}>
        <div className={classes.sideHead}>
          <h3 className={classes.sideTitle}>{label}</h3>
          <ActionIcon
            size="sm"
            aria-label={texts.collapse[name]}
            title={texts.collapse[name]}
            onClick={() => setOpen(name, false)}
          >
            <Collapse size={15} stroke={1.7} aria-hidden />
          </ActionIcon>
        </div>
        <div className={classes.sideBody}>{children}</div>
      </section>
    </>
  );
}

/** One pane at a time. When a test of the node begins, its output is shown. */
export function TabbedPanes({ parts: { form, flow, place, node } }: { parts: Parts }) {
  const [tab, setTab] = useState<string | null>('form');
  const number = useBench((state) => (state.chain?.target === node?.id ? state.chain?.number : undefined));
  const [first] = useState(number);
  useEffect(() => {
    if (number !== undefined && number !== first) setTab('output');
  }, [number, first]);
  if (!flow || !place) return <div className={classes.form}>{form}</div>;
  return (
    <Tabs value={tab} onChange={setTab} keepMounted className={classes.tabs}>
      <Tabs.List grow aria-label={texts.tabs}>
        <Tabs.Tab value="input">{texts.panes.input}</Tabs.Tab>
        <Tabs.Tab value="form">{texts.settings}</Tabs.Tab>
        {node && <Tabs.Tab value="output">{texts.panes.output}</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="input" className={classes.form}>
        {tab === 'input' && <InputPane flowId={flow.id} place={place} />}
      </Tabs.Panel>
      <Tabs.Panel value="form" className={classes.form}>
        {form}
      </Tabs.Panel>
      {node && (
        <Tabs.Panel value="output" className={classes.form}>
          {tab === 'output' && <OutputPane node={node} flow={flow} />}
        </Tabs.Panel>
      )}
    </Tabs>
  );
}
