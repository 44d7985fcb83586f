import { describe, expect, it } from 'vitest';
import { type Command, fitting, grouped } from './command';

const command = (label: string, more: Partial<Command> = {}): Command => ({
  id: label,
  label,
  group: 'Actions',
  icon: () => null,
  run: () => {},
  ...more,
});

const labels = (commands: readonly Command[]) => commands.map(({ label }) => label);

describe('what fits a text', () => {
  const all = [
    command('Open the settings'),
    command('Save'),
    command('Lay out automatically', { words: 'tidy arrange' }),
    command('Unsaved changes'),
    command('save_order', { group: 'Nodes', isSearched: true }),
    command('Close', { reason: 'Nothing is open.' }),
  ];

  it('is best first: how the label starts, its words, its letters, and then other words', () => {
    expect(labels(fitting(all, 'save'))).toEqual(['Save', 'save_order', 'Unsaved changes']);
    expect(labels(fitting(all, 'sett op'))).toEqual(['Open the settings']);
    expect(labels(fitting(all, 'tidy'))).toEqual(['Lay out automatically']);
    expect(labels(fitting(all, 'nodes'))).toEqual(['save_order']);
  });

  it('is everything but what is only searched where there is no text', () => {
    expect(labels(fitting(all, ' '))).toEqual([
      'Open the settings',
      'Save',
      'Lay out automatically',
      'Unsaved changes',
      'Close',
    ]);
  });

  it('has what the server found last, and no more than asked for', () => {
    const found = [command('Quarterly closing', { isFound: true }), command('October')];

    expect(labels(fitting(found, 'oct'))).toEqual(['October', 'Quarterly closing']);
    expect(labels(fitting(found, 'oct', 1))).toEqual(['October']);
  });
});

it('groups commands by title, in the order of the best', () => {
  const groups = grouped([command('b', { group: 'B' }), command('a', { group: 'A' }), command('c', { group: 'B' })]);

  expect(groups.map(({ title, commands }) => [title, labels(commands)])).toEqual([
    ['B', ['b', 'c']],
    ['A', ['a']],
  ]);
});
