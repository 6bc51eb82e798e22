// Puts the native part of `dmaheap exec` into `prebuilt/` for this machine, where it has a compiler: run by `npm pack`.
// A package is valid without: then the part is built where it is first used.
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ExecFailure } from '../src/exec/exec-failure.ts';
import { buildNative } from '../src/exec/native-build.ts';
import { nativeSources } from '../src/exec/native-sources.ts';

const root = resolve(process.argv[1] ?? '.', '../..');
rmSync(join(root, 'prebuilt'), { recursive: true, force: true });
if (process.platform === 'linux') {
  const place = join(root, 'prebuilt', `${process.platform}-${process.arch}`);
  mkdirSync(place, { recursive: true });
  try {
    await buildNative(nativeSources(join(root, 'native')), place, process.env);
  } catch (error) {
    if (!(error instanceof ExecFailure)) throw error;
    console.error(`not prebuilt: ${error.message}`);
    rmSync(join(root, 'prebuilt'), { recursive: true, force: true });
  }
}
