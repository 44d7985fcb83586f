import tests from './playwright.config.ts';

/** `npm run pictures` redraws docs/images. */
export default { ...tests, projects: undefined, testDir: 'pictures', testMatch: '*.ts' };
