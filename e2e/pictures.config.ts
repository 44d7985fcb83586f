import tests from './playwright.config.ts';

/** `npm run pictures` redraws docs/images. */
export default { ...tests, testDir: 'pictures', testMatch: '*.ts' };
