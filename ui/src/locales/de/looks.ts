import type { Translation } from '@/lib/catalogue';

export default {
  statuses: {
    pending: 'Wartend',
    running: 'Läuft',
    paused: 'Pausiert',
    completed: 'Abgeschlossen',
    failed: 'Fehlgeschlagen',
    cancelled: 'Abgebrochen',
    skipped: 'Übersprungen',
    retrying: 'Wird wiederholt',
    waiting: 'Wartet',
    decision: 'Entscheidung nötig',
    recovered: 'Erholt',
  },
  flowStatuses: { draft: 'Entwurf', active: 'Aktiv', paused: 'Pausiert', archived: 'Archiviert' },
  errorClasses: {
    timeout: { label: 'Zeitlimit', meaning: 'Der Versuch dauerte länger als sein Zeitlimit.' },
    connection: { label: 'Verbindung', meaning: 'Der entfernte Dienst war nicht erreichbar.' },
    rate_limited: { label: 'Anfragelimit', meaning: 'Der entfernte Dienst begrenzt die Zahl der Anfragen (HTTP 429).' },
    unavailable: { label: 'Nicht verfügbar', meaning: 'Der entfernte Dienst ist ausgefallen (HTTP 5xx, 408, 425).' },
    rejected: {
      label: 'Abgelehnt',
      meaning: 'Der entfernte Dienst hat die Anfrage abgelehnt (HTTP 4xx), oder ein Mensch.',
    },
    tool: { label: 'Werkzeug', meaning: 'Ein MCP-Werkzeug hat einen Fehler gemeldet.' },
    model_output: { label: 'Modellausgabe', meaning: 'Die Antwort des Modells passt nicht zum Ausgabeschema.' },
    guardrail: {
      label: 'Leitplanke',
      meaning: 'Eine Leitplanke eines Agenten hat Eingabe, Argumente eines Werkzeugs oder Ausgabe abgelehnt.',
    },
    validation: { label: 'Prüfung', meaning: 'Die Eingabe ist für diesen Knoten nicht gültig.' },
    expression: { label: 'Ausdruck', meaning: 'Eine Vorlage oder Bedingung konnte nicht ausgewertet werden.' },
    configuration: {
      label: 'Konfiguration',
      meaning: 'Der Knoten, sein Agent oder ein Geheimnis ist nicht richtig eingerichtet.',
    },
    script: {
      label: 'Code',
      meaning: 'Der Code eines Knotens hat einen Fehler ausgelöst, ein Limit überschritten oder kein JSON geliefert.',
    },
    budget: { label: 'Budget', meaning: 'Ein Limit für Runden, Tokens oder Kosten ist aufgebraucht.' },
    cancelled: { label: 'Abgebrochen', meaning: 'Eine Ausführung, die der Knoten gestartet hatte, wurde abgebrochen.' },
    replaced: {
      label: 'Ersetzt',
      meaning: 'Eine andere Ausführung hat die Sitzung des Knotens übernommen oder ihr eine Runde hinzugefügt.',
    },
    output_too_large: { label: 'Ausgabe zu groß', meaning: 'Die Ausgabe überschreitet die Größengrenze.' },
    internal: { label: 'Intern', meaning: 'Ein Fehler in Steadflow oder ein „fail“-Knoten ohne Klasse.' },
    interrupted: { label: 'Unterbrochen', meaning: 'Der Server hielt während des Versuchs an.' },
  },
} satisfies Translation<typeof import('@/components/look-texts').texts>;
