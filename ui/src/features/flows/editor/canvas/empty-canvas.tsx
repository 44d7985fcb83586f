import { Button } from '@mantine/core';
import { useDraft, useDraftStore } from '../document/draft-context';
import { type NodeType, typeKey } from '../document/node-types';
import { addNodeOfType } from './add-node';
import classes from './canvas.module.css';
import { lookOf } from './node-looks';
import { texts } from './texts';

/** What most flows start with. */
const FIRST = ['trigger', 'http_request', 'agent', 'transform'];
const FIRST_IN_BODY = ['http_request', 'agent', 'transform'];

/** Shown on an empty canvas: how to add the first node, and how to continue. */
export function EmptyCanvas({ types }: { types: readonly NodeType[] }) {
  const store = useDraftStore();
  const isInBody = useDraft((state) => state.inside.length > 0);
  const first = (isInBody ? FIRST_IN_BODY : FIRST).flatMap((key) => types.find((type) => typeKey(type) === key) ?? []);
  return (
    <div className={classes.empty}>
      <section className={classes.lesson} aria-labelledby="lesson">
        <h2 id="lesson">{isInBody ? texts.body.emptyTitle : texts.canvas.emptyTitle}</h2>
        <p>{isInBody ? texts.body.emptyDetail : texts.canvas.emptyDetail}</p>
        <div className={classes.first}>
          {first.map((type) => {
            const { icon: Icon } = lookOf(type.type, type.action);
            return (
              <Button
                key={typeKey(type)}
                variant="default"
                size="sm"
                justify="flex-start"
                leftSection={<Icon size={16} stroke={1.7} aria-hidden />}
                onClick={() => addNodeOfType(store, type)}
              >
                {type.title}
              </Button>
            );
          })}
        </div>
        <ol>
          {texts.canvas.emptyGuide.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ol>
      </section>
    </div>
  );
}
