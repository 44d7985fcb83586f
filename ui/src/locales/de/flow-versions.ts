import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

const nodesOf = (number: number) => counted(number, 'Knoten', 'Knoten');

export default {
  title: 'Versionen',
  close: 'Versionen schließen',
  damaged: (version, reason) =>
    `Version ${version} ist nicht lesbar: ${reason}. Sie lässt sich nicht wiederherstellen, und ihre Ausführungen lassen sich nicht anzeigen.`,
  firstNodes: (nodes) => `Erste Version, mit ${nodesOf(nodes)}`,
  same: 'Keine Änderungen',
  onCanvas: 'Auf der Arbeitsfläche vergleichen',
  summary: {
    settings: (number) => counted(number, 'Einstellung', 'Einstellungen'),
    added: (number) => `${nodesOf(number)} hinzugefügt`,
    removed: (number) => `${nodesOf(number)} entfernt`,
    changed: (number) => `${nodesOf(number)} geändert`,
    edges: (number) => `${counted(number, 'Kante', 'Kanten')} geändert`,
    moved: (number) => `${nodesOf(number)} verschoben`,
  },
  restoreDetail: (version) =>
    `Wird zur neuesten Version. Version ${version} bleibt in dieser Liste; laufende Ausführungen ändern sich nicht.`,
} satisfies Translation<typeof import('@/features/flows/versions/texts').texts>;
