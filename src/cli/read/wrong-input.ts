/** Inputs of another kind than a command takes: told what they are, and which command takes them. */
import { type InputKind, inputKind, type KindOfInput } from '../../board/input-kind.ts';
import { UnreadableInput } from '../failures.ts';
import { inputName } from './read-input.ts';

/** Where the magic of a tar archive stands. */
const USTAR_AT = 257;

/** Whether gzipped bytes hold an archive, as a bundle is. */
async function holdsArchive(bytes: Uint8Array): Promise<boolean> {
  const { constants, gunzipSync } = await import('node:zlib');
  try {
    const head = gunzipSync(bytes.subarray(0, 65_536), { finishFlush: constants.Z_SYNC_FLUSH });
    return head.subarray(USTAR_AT, USTAR_AT + 5).toString() === 'ustar';
  } catch {
    return false;
  }
}

const COMMANDS: Readonly<Partial<Record<KindOfInput, string>>> = {
  board: 'boot',
  scenario: 'run',
  capture: 'reconstruct',
  'kernel log': 'reconstruct',
  'proc file': 'reconstruct',
};

async function wordsFor(found: InputKind, bytes: Uint8Array, file: string) {
  const { kind, what, hint = `unpack it first: gunzip ${file}` } = found;
  if (kind === 'gzip' && (await holdsArchive(bytes))) {
    return { what: 'a bundle, or another archive', hint: `a bundle is replayed: dmaheap replay ${file}` };
  }
  const command = COMMANDS[kind];
  return { what, hint: command === undefined ? hint : `dmaheap ${command} ${file}` };
}

/** @param wanted what the command takes @throws UnreadableInput for what is plainly something else */
export async function refuseWrongInput(
  bytes: Uint8Array,
  file: string,
  wanted: 'board' | 'scenario',
): Promise<void> {
  const found = inputKind(bytes);
  if (found.kind === wanted || found.kind === 'unknown' || bytes.length === 0) return;
  // The reader of blobs knows more of other binaries.
  if (wanted === 'board' && found.kind === 'other binary') return;
  const { what, hint } = await wordsFor(found, bytes, file);
  const name = inputName(file);
  throw new UnreadableInput(`not-a-${wanted}`, name, `${name}: is ${what}, not a ${wanted}`, hint);
}
