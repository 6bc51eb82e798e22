// Makes dist/playground.html: the page of src/playground as one file that asks for no other. Its script is packed, to a
// third of its size; a few lines unpack it into a script element. The page's policy names the style, these lines and the
// script by their hashes, and lets nothing else run but a worker from a blob, for which the page takes its own script.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { licencesOf } from './licences.mjs';

const sourceOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Text inside of an element. */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * The page.
 *
 * @returns its text, and what esbuild tells of its script
 */
export async function playgroundPage({ root, version }) {
  const page = join(root, 'src/playground/page');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/playground/page/main.ts'],
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const script = outputFiles[0].text.trim();
  const styled = await build({
    absWorkingDir: root,
    entryPoints: ['src/playground/page/style.css'],
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'warning',
  });
  const style = styled.outputFiles[0].text.trim();
  const { code } = await transform(readFileSync(join(page, 'unpack.js'), 'utf8'), { minify: true });
  const unpack = code.trim();
  const parts = {
    policy: [
      "default-src 'none'",
      `script-src ${sourceOf(unpack)} ${sourceOf(script)}`,
      `style-src ${sourceOf(style)}`,
      'worker-src blob:',
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
    style,
    unpack,
    packed: deflateSync(script, { level: 9 }).toString('base64'),
    version,
    licences: escaped(licencesOf(root, [metafile])),
    example: escaped(readFileSync(join(root, 'fixtures/boards/camera-soc.dts'), 'utf8')),
  };
  const text = readFileSync(join(page, 'page.html'), 'utf8').replace(
    /\{\{(\w+)\}\}|\/\*(\w+)\*\//g,
    (_, name, inElement) => parts[name ?? inElement],
  );
  return { text, metafile };
}
