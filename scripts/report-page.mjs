// The script and the style of a report, for a browser: dist/report-page.js and .css.
import { build } from 'esbuild';

/** @param dist where they go */
export async function writeReportPage({ root, dist }) {
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/report-page/main.ts', out: 'report-page' },
      { in: 'src/report-page/report.css', out: 'report-page' },
    ],
    outdir: dist,
    bundle: true,
    minify: true,
    // A module may wait for what it unpacks.
    format: 'esm',
    platform: 'browser',
    // What browsers of 2024 know: light-dark() and DecompressionStream are no older.
    target: 'es2022',
    // Nothing in a script may look like the end of its element.
    legalComments: 'none',
    logLevel: 'warning',
  });
}
