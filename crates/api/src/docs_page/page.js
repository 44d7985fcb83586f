// Draws /api/v1/openapi.json. Texts are set as texts, never as markup.
const make = (tag, text, ...children) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
};
const named = (schema) => schema?.$ref?.split('/').pop() ?? (schema?.items ? `[${named(schema.items)}]` : [].concat(schema?.type ?? 'any').join(' or '));
const table = (rows) => {
  const body = make('tbody');
  for (const cells of rows) body.append(make('tr', '', ...cells.map((cell) => make('td', cell))));
  return make('table', '', body);
};
const schemaOf = (content) => Object.values(content ?? {})[0]?.schema;

function drawn(path, method, operation) {
  const summary = make('summary', '', make('code', `${method.toUpperCase()} ${path}`), ` ${operation.summary ?? ''}`);
  const parts = [];
  if (operation.description) parts.push(make('p', operation.description));
  const parameters = operation.parameters ?? [];
  if (parameters.length > 0) {
    parts.push(make('h4', 'Parameters'));
    parts.push(table(parameters.map((p) => [p.name, p.in, named(p.schema), p.description ?? ''])));
  }
  const body = schemaOf(operation.requestBody?.content);
  if (body) parts.push(make('h4', 'Body'), make('p', named(body)));
  parts.push(make('h4', 'Answers'));
  const answers = Object.entries(operation.responses ?? {});
  parts.push(table(answers.map(([status, answer]) => [status, answer.description ?? '', schemaOf(answer.content) ? named(schemaOf(answer.content)) : ''])));
  const details = make('details', '', summary, ...parts);
  details.dataset.text = `${method} ${path} ${operation.summary ?? ''}`.toLowerCase();
  return details;
}

async function draw() {
  const answer = await fetch('/api/v1/openapi.json');
  const api = await answer.json();
  document.getElementById('about').textContent = `Version ${api.info.version}. ${api.info.description ?? ''}`;
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!operation.responses) continue;
      const group = operation.tags?.[0] ?? 'other';
      groups.set(group, [...(groups.get(group) ?? []), drawn(path, method, operation)]);
    }
  }
  const main = document.getElementById('operations');
  for (const [group, operations] of groups) main.append(make('h2', group), ...operations);
  main.append(make('h2', 'shapes'));
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
    const details = make('details', '', make('summary', '', make('code', name)), make('pre', JSON.stringify(schema, null, 2)));
    details.dataset.text = name.toLowerCase();
    main.append(details);
  }
}

document.getElementById('find').addEventListener('input', ({ target }) => {
  const wanted = target.value.trim().toLowerCase();
  for (const details of document.querySelectorAll('details')) details.hidden = !details.dataset.text.includes(wanted);
});
draw().catch((error) => {
  document.getElementById('about').textContent = `The document could not be read: ${error.message}`;
});
