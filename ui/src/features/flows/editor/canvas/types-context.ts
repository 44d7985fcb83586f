import { createContext } from 'react';
import type { NodeType } from '../document/node-types';

/** The node types that the server runs; none until they are known. */
export const TypesContext = createContext<readonly NodeType[]>([]);
