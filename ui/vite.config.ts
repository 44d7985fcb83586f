/// <reference types="vitest/config" />
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const server = process.env.STEADFLOW_URL ?? 'http://127.0.0.1:8080';

/**
 * Puts a compressed copy beside each script and style, so that the server need not compress them for each request. It reads
 * what was written: until then, other plugins change it.
 */
const compressedCopies: Plugin = {
  name: 'compressed-copies',
  apply: 'build',
  async writeBundle({ dir }, bundle) {
    if (dir === undefined) throw new Error('The build has no folder for its files.');
    for (const name of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
      const file = join(dir, name);
      await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
    }
  },
};

/**
 * Checks that `src/styles/mantine.css` has the styles of the Mantine components that the studio uses, and no others: all of
 * them would be a tenth of the first page.
 */
const mantineStyles: Plugin = {
  name: 'mantine-styles',
  apply: 'build',
  async generateBundle(_, bundle) {
    const used = new Set<string>();
    for (const chunk of Object.values(bundle)) {
      for (const [id, { renderedLength }] of Object.entries(chunk.type === 'chunk' ? chunk.modules : {})) {
        const name = /@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/.exec(id)?.[1];
        if (name && renderedLength > 0) used.add(name);
      }
    }
    const styles = await readFile(fileURLToPath(new URL('./src/styles/mantine.css', import.meta.url)), 'utf8');
    const there = new Set([...styles.matchAll(/styles\/([A-Z]\w*)\.css/g)].map(([, name]) => name));
    const missing = [...used].filter((name) => !there.has(name));
    const idle = [...there].filter((name) => name && !used.has(name));
    if (missing.length > 0) this.error(`src/styles/mantine.css lacks the styles of ${missing.join(', ')}.`);
    if (idle.length > 0) this.error(`src/styles/mantine.css has styles that nothing uses: ${idle.join(', ')}.`);
  },
};

export default defineConfig({
  plugins: [react(), compressedCopies, mantineStyles],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    proxy: { '/api': { target: server, changeOrigin: true, headers: { origin: server } } },
  },
  build: {
    outDir: 'dist',
    target: 'es2023',
    // No inlined assets: the studio is served under `default-src 'self'`, without data: URLs.
    assetsInlineLimit: 0,
    // Every browser that supports es2023 preloads modules natively.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\//, priority: 3 },
            {
              name: 'tanstack',
              test: /node_modules\/@tanstack\/(react-query|query-core|react-router|router-core|history|store|react-store)\//,
              priority: 2,
            },
          ],
        },
      },
    },
  },
  test: {
    restoreMocks: true,
    // Only what hangs takes as long: the machine may do much else.
    testTimeout: 30_000,
    // Files share their modules and their page: to import the components again costs a second for each file.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'logic', include: ['src/**/*.test.ts'], environment: 'node' } },
      {
        extends: true,
        test: {
          name: 'components',
          include: ['src/**/*.test.tsx'],
          environment: 'happy-dom',
          setupFiles: ['src/testing/setup.ts'],
        },
      },
    ],
  },
});
