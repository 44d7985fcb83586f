import type { FlowEdge } from '@/api/types';
import { Warnings } from '@/components/warnings';
import { useCarried } from '../bench/use-carried';
import { shapeText } from '../document/shape';
import classes from './carried.module.css';
import { texts } from './texts';

const FIELDS_MAX = 12;
const TYPE_MAX = 60;

/** What an edge carries: the fields of what its source gives, with their types, and what of them may be missing where it leads. */
export function Carried({ flow, edge }: { flow: string; edge: FlowEdge }) {
  const carried = useCarried(flow, edge);
  if (!carried) return null;
  const { shape, from, doubts } = carried;
  const fields = shape.fields ?? [];
  return (
    <section className={classes.carried} aria-label={texts.carried.title}>
      <h3 className={classes.title}>{texts.carried.title}</h3>
      <p className={classes.from}>{texts.carried.from[from]}</p>
      {fields.length === 0 && <code className={classes.type}>{shapeText(shape)}</code>}
      <ul className={classes.fields}>
        {fields.slice(0, FIELDS_MAX).map(({ key, shape: of, isOptional }) => (
          <li key={key}>
            <code>{key}</code>
            <span className={classes.type}>
              {shapeText(of, TYPE_MAX)}
              {isOptional && ` (${texts.carried.optional})`}
            </span>
          </li>
        ))}
      </ul>
      {fields.length > FIELDS_MAX && <p className={classes.from}>{texts.carried.more(fields.length - FIELDS_MAX)}</p>}
      <Warnings messages={doubts} />
    </section>
  );
}
