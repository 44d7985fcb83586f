import '@/lib/csp';
import '@/styles/mantine.css';
import '@mantine/notifications/styles.css';
import '@/styles/fonts.css';
import '@/styles/tones.css';
import '@/styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '@/app/app';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no element #root.');

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
