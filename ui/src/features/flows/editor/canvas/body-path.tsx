import { ActionIcon } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Fragment, useContext, useMemo } from 'react';
import { nameOf } from '../document/definition';
import { useDraft } from '../document/draft-context';
import { nodesTo } from '../document/inside';
import { typeOf } from '../document/node-types';
import classes from './body-path.module.css';
import { texts } from './texts';
import { TypesContext } from './types-context';

/** Inside a body: the way to it, `Flow › Each order`, and back. */
export function BodyPath({ flowName }: { flowName: string }) {
  const present = useDraft((state) => state.present);
  const inside = useDraft((state) => state.inside);
  const enter = useDraft((state) => state.enter);
  const leave = useDraft((state) => state.leave);
  const types = useContext(TypesContext);
  const nodes = useMemo(() => nodesTo(present, inside), [present, inside]);
  const last = nodes.at(-1);
  if (!last) return null;
  const repeats = typeOf(types, last)?.traits.repeats;
  return (
    <nav className={classes.path} aria-label={texts.body.path}>
      <ActionIcon size={26} aria-label={texts.body.leave} title={texts.body.leave} onClick={leave}>
        <IconArrowLeft size={15} aria-hidden />
      </ActionIcon>
      <ol className={classes.crumbs}>
        {[flowName, ...nodes.map(nameOf)].map((name, depth) => (
          <Fragment key={inside[depth - 1] ?? ''}>
            {depth > 0 && (
              <li className={classes.between} aria-hidden>
                ›
              </li>
            )}
            <li className={classes.crumb}>
              {depth === nodes.length ? (
                <span aria-current="location">{name}</span>
              ) : (
                <button type="button" onClick={() => enter(inside.slice(0, depth))}>
                  {name}
                </button>
              )}
            </li>
          </Fragment>
        ))}
      </ol>
      {repeats && <span className={classes.about}>{texts.body[repeats]}</span>}
    </nav>
  );
}
