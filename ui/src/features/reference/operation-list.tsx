import { Link } from '@tanstack/react-router';
import { SearchInput } from '@/components/search-input';
import { own } from '@/lib/own';
import { found, type Group } from './document';
import { MethodMark } from './method-mark';
import classes from './reference.module.css';
import { texts } from './texts';

interface OperationListProps {
  groups: readonly Group[];
  text: string | undefined;
  onText: (text: string | undefined) => void;
}

/** All operations by group, narrowed by a search. */
export function OperationList({ groups, text, onText }: OperationListProps) {
  const shown = found(groups, text ?? '');
  return (
    <nav className={classes.list} aria-label={texts.list}>
      <SearchInput value={text} onChange={onText} label={texts.search} className={classes.search} />
      <div className={classes.links}>
        <Link
          to="/reference"
          search={{ q: text }}
          activeOptions={{ exact: true, includeSearch: true }}
          className={classes.link ?? ''}
        >
          {texts.overview}
        </Link>
        {shown.map(({ name, operations }) => (
          <section key={name} aria-label={own(texts.groups, name) ?? name}>
            <h2 className={classes.group}>{own(texts.groups, name) ?? name}</h2>
            <ul>
              {operations.map((operation) => (
                <li key={operation.id}>
                  <Link
                    to="/reference"
                    search={{ operation: operation.id, q: text }}
                    className={classes.link ?? ''}
                    activeOptions={{ includeSearch: true }}
                    data-row
                  >
                    <MethodMark method={operation.method} />
                    <span className={classes.name}>{titleOf(operation.id)}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        ))}
        {shown.length === 0 && <p className={classes.none}>{texts.nothing(text ?? '')}</p>}
      </div>
    </nav>
  );
}

/** Reads as `Create flow`. */
export function titleOf(id: string): string {
  const words = id.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
