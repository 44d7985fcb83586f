import type { texts as english } from '@/features/flows/versions/texts';
import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

const nodesOf = (number: number) => counted(number, 'Knoten', 'Knoten');

const texts: Translation<typeof english> = {
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
};

export default texts;
