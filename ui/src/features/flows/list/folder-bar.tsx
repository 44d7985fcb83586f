import { IconChevronRight, IconFolder } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Flow } from '@/api/types';
import type { Search } from './flow-filter-bar';
import classes from './folder-bar.module.css';
import { parentsOf, subfoldersOf } from './folders';
import { texts } from './texts';

interface FolderBarProps {
  flows: readonly Flow[];
  search: Search;
}

/** Where the list is, and the folders that are there. */
export function FolderBar({ flows, search }: FolderBarProps) {
  const { folder } = search;
  const subfolders = subfoldersOf(flows, folder);
  if (folder === undefined && subfolders.length === 0) return null;
  const to = (path: string | undefined) => ({ to: '/flows', search: { ...search, folder: path } }) as const;
  return (
    <div className={classes.bar}>
      {folder !== undefined && (
        <nav aria-label={texts.folders.label}>
          <ol className={classes.path}>
            <li>
              <Link {...to(undefined)}>{texts.folders.top}</Link>
            </li>
            {parentsOf(folder).map((path) => (
              <li key={path}>
                <IconChevronRight size={13} aria-hidden />
                {path === folder ? (
                  <span aria-current="location">{nameOf(path)}</span>
                ) : (
                  <Link {...to(path)}>{nameOf(path)}</Link>
                )}
              </li>
            ))}
          </ol>
        </nav>
      )}
      {subfolders.length > 0 && (
        <ul className={classes.folders} aria-label={texts.folders.here}>
          {subfolders.map(({ path, name, flows: count }) => (
            <li key={path}>
              <Link {...to(path)} className={classes.folder}>
                <IconFolder size={16} stroke={1.7} aria-hidden />
                <span className={classes.name}>{name}</span>
                <span className={classes.count}>
                  {count} <span className="visually-hidden">{texts.folders.unit(count)}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
