/** Node types for tests. */
import type { NodeType } from './node-types';

const NO_TRAITS: NodeType['traits'] = {
  starts: false,
  takes_attempts: false,
  makes_calls: false,
  passes_through: false,
  returns_input: false,
  answers: false,
  has_cases: false,
  asks_people: false,
  awaits_events: false,
  starts_children: false,
  repeats: null,
};

/** What a test says of a node type. */
interface Given extends Partial<Omit<NodeType, 'traits'>> {
  type: string;
  traits?: Partial<NodeType['traits']>;
}

export function nodeType({ traits, ...given }: Given): NodeType {
  return {
    title: given.action ?? given.type,
    description: '',
    ports: ['completed', 'error'],
    schema: {},
    output: {},
    // The studio reads only some keys of it.
    example: { id: 'example', type: 'merge' },
    ...given,
    traits: { ...NO_TRAITS, ...traits },
  };
}
