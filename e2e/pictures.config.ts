import tests from './playwright.config.ts';

/** `npm run pictures` draws docs/images anew. */
export default { ...tests, testDir: 'pictures', testMatch: '*.ts' };
