/// <reference types="vitest/config" />
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type Rolldown } from 'vite';

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

const STUDIO = 'src/app/start.tsx';

type Bundle = Rolldown.OutputBundle;

const isChunkOf = (file: Bundle[string], source: string) =>
  file.type === 'chunk' && file.facadeModuleId?.endsWith(`/${source}`);

/** The scripts and styles without which the chunk of `source` does not run. */
function filesOf(bundle: Bundle, source: string): Set<string> {
  const files = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (files.has(name) || chunk?.type !== 'chunk') return;
    files.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
    for (const imported of chunk.imports) add(imported);
  };
  for (const [name, chunk] of Object.entries(bundle)) {
    if (isChunkOf(chunk, source)) add(name);
  }
  return files;
}

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

/**
 * The studio is imported once its language is known. The page names its files, so that the browser fetches them at once. As an
 * entry of its own it keeps what it shares with its pages, instead of a file for each such module.
 */
const earlyStudio: Plugin = {
  name: 'early-studio',
  apply: 'build',
  transform: {
    filter: { id: /src\/main\.tsx$/ },
    handler(code) {
      const file = this.emitFile({ type: 'chunk', id: STUDIO, name: 'studio', preserveSignature: false });
      const [before, after, ...more] = code.split(/import\(["']@\/app\/start["']\)/);
      if (after === undefined || more.length > 0) this.error('src/main.tsx does not import @/app/start once.');
      return `${before}import(/* @vite-ignore */ import.meta.ROLLUP_FILE_URL_${file})${after}`;
    },
  },
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle = {} }) {
      const named = filesOf(bundle, 'index.html');
      const early = [...filesOf(bundle, STUDIO)].filter((file) => !named.has(file));
      return early.map((file) => ({
        tag: 'link',
        attrs: { rel: file.endsWith('.css') ? 'stylesheet' : 'modulepreload', crossorigin: true, href: `/${file}` },
        injectTo: 'head',
      }));
    },
  },
};

/** Checks that a language does not import the studio: its texts would be built before they are translated. */
const lateStudio: Plugin = {
  name: 'late-studio',
  apply: 'build',
  generateBundle(_, bundle) {
    const studio = Object.values(bundle).find((chunk) => isChunkOf(chunk, STUDIO));
    const languages = Object.values(bundle).flatMap((chunk) =>
      chunk.type === 'chunk' ? (/\/(src\/locales\/\w+\/index\.ts)$/.exec(chunk.facadeModuleId ?? '')?.[1] ?? []) : [],
    );
    if (!studio || languages.length === 0) this.error('The build has no studio or no languages.');
    for (const language of languages) {
      if (filesOf(bundle, language).has(studio.fileName)) this.error(`${language} imports the studio.`);
    }
  },
};

export default defineConfig({
  plugins: [react(), compressedCopies, mantineStyles, earlyStudio, lateStudio],
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
    testTimeout: 120_000,
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
