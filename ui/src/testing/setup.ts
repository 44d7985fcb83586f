import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// Only what never comes takes as long: the machine may do much else.
configure({ asyncUtilTimeout: 20_000 });

// Browser features that Mantine needs and happy-dom lacks.
Object.defineProperty(window, 'matchMedia', {
  configurable: true,
  value: (query: string) => ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
    dispatchEvent: () => false,
  }),
});

// Text areas that grow with their text measure again when fonts have loaded.
Object.defineProperty(document, 'fonts', {
  configurable: true,
  value: { addEventListener: () => {}, removeEventListener: () => {} },
});

class StillObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
vi.stubGlobal('ResizeObserver', StillObserver);

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
