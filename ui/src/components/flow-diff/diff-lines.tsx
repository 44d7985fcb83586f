import { ChangedPart, ChangeSection, ChangeSections, Changes } from '@/components/changes';
import { writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import classes from './diff-lines.module.css';
import { texts } from './texts';
import type { VersionDiff } from './version-diff';

interface DiffLinesProps {
  diff: VersionDiff;
  /** Goes to a node, where both versions are shown. */
  onNode?: (id: string) => void;
}

/** The differences, line by line: settings, nodes, edges. */
export function DiffLines({ diff, onNode }: DiffLinesProps) {
  const { settings, nodes, edges, moved, items } = diff;
  return (
    <ChangeSections>
      {settings.length > 0 && (
        <ChangeSection title={texts.sections.settings}>
          <Changes
            changes={settings.map((change) => ({ ...change, path: own(texts.labels, change.path) ?? change.path }))}
          />
        </ChangeSection>
      )}
      {nodes.length > 0 && (
        <ChangeSection title={texts.sections.nodes}>
          {nodes.map((node) => (
            <ChangedPart
              key={`${node.kind} ${node.id}`}
              kind={node.kind}
              name={node.name}
              detail={node.type}
              changes={node.changes}
              onShow={onNode && (() => onNode(node.id))}
            />
          ))}
        </ChangeSection>
      )}
      {edges.length > 0 && (
        <ChangeSection title={texts.sections.edges}>
          {edges.map((edge) => (
            <ChangedPart
              key={`${edge.kind} ${edge.from} ${edge.to} ${writeJson(edge.changes)}`}
              kind={edge.kind}
              name={`${edge.from} → ${edge.to}`}
              changes={edge.changes}
            />
          ))}
        </ChangeSection>
      )}
      {items > 0 && <p className={classes.moved}>{texts.items(items)}</p>}
      {moved > 0 && <p className={classes.moved}>{texts.movedOnly(moved)}</p>}
    </ChangeSections>
  );
}
