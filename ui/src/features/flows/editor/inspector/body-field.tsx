import { Button } from '@mantine/core';
import { IconAlertCircle, IconArrowsDiagonal } from '@tabler/icons-react';
import { bodyOf } from '@/api/bodies';
import type { FlowNode } from '@/api/types';
import { lookOf } from '../canvas/node-looks';
import { nameOf } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { inBody } from '../document/faults';
import type { FieldProps } from '../form/field';
import { Frame } from '../form/frame';
import { JsonField } from '../form/json-field';
import classes from './body-field.module.css';
import { texts } from './texts';

type BodyFieldProps = Pick<FieldProps, 'schema' | 'faultAt' | 'warningsAt' | 'names' | 'onChange'> & {
  node: FlowNode;
};

/** The body of a node: its nodes, its problems, and the way into it. One that cannot be drawn is edited as JSON. */
export function BodyField({ node, ...field }: BodyFieldProps) {
  const store = useDraftStore();
  const inside = useDraft((state) => state.inside);
  const problems = inBody(
    useDraft((state) => state.faults),
    inside,
    node.id,
  ).length;
  const title = field.schema.title ?? texts.fields.body;
  const body = bodyOf(node);
  if (!body) return <JsonField {...field} title={title} value={node.body} path={['body']} required templated />;
  return (
    <Frame title={title} description={field.schema.description} fault={field.faultAt(['body'])} required>
      <ul className={classes.nodes}>
        {body.nodes.slice(0, SHOWN).map((inner) => {
          const { icon: Icon, tone } = lookOf(inner.type, inner.action);
          return (
            <li key={inner.id} className={classes.node} data-tone={tone}>
              <Icon size={14} stroke={1.7} aria-hidden />
              {nameOf(inner)}
            </li>
          );
        })}
        {body.nodes.length > SHOWN && <li className={classes.more}>{texts.moreNodes(body.nodes.length - SHOWN)}</li>}
      </ul>
      {problems > 0 && (
        <p className={classes.problems} data-tone="danger">
          <IconAlertCircle size={14} aria-hidden /> {texts.inBody(problems)}
        </p>
      )}
      <Button
        variant="default"
        leftSection={<IconArrowsDiagonal size={14} aria-hidden />}
        onClick={() => store.getState().enter([...inside, node.id])}
      >
        {texts.editBody}
      </Button>
    </Frame>
  );
}

const SHOWN = 6;
