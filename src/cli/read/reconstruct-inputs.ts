/** What `reconstruct` is given: texts of any sort, and a device tree among them; read, and made a boot of. */
import { detectFormat } from '../../board/detect-format.ts';
import { inputKind } from '../../board/input-kind.ts';
import { decodeDtb, encodeDtb } from '../../devicetree/dtb.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import {
  type Facts,
  type Finding,
  type InputText,
  isEmpty,
  readFacts,
  reconstruct,
} from '../../reconstruct/index.ts';
import { UnreadableInput, UsageError } from '../failures.ts';
import { type BoardOptions, bootParams } from './boot-inputs.ts';
import { bootOf, type PreparedBoot } from './boot-of.ts';
import { type LoadedTree, loadTree } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { isPastedSource } from './mended-source.ts';
import { inputName, readInput } from './read-input.ts';
import { isDirectory } from './source-files.ts';
import { givenVendor } from './vendor-file.ts';

/** A boot that was made up from what was read. */
export interface PreparedReconstruction {
  readonly boot: PreparedBoot;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
}

interface Sorted {
  readonly texts: readonly InputText[];
  readonly tree?: { readonly tree: DeviceTree; readonly file: string };
  readonly warnings: readonly Diagnostic[];
}

/** More than any log; what unpacks to more was not meant. */
const MAX_TEXT = 64 << 20;
const EXPECTED =
  'expected a kernel log, a file of /proc or /sys/kernel/debug, ls -l /dev/dma_heap, a .config, a device tree, or what dmaheap capture prints';

/** Reads files, and tells texts and trees apart by what they hold. @throws UnreadableInput, InvalidInput, UsageError */
async function sortInputs(files: readonly string[], options: BoardOptions): Promise<Sorted> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('standard input (-) can be read only once');
  }
  // It tells what it assumed, and judges nothing.
  const mending = { ...options, mendsForm: true };
  const texts: InputText[] = [];
  const warnings: Diagnostic[] = [];
  let tree: Sorted['tree'];
  let isOfSource = false;
  const take = (found: DeviceTree, file: string) => {
    if (tree !== undefined) {
      throw new UsageError(
        `two device trees: ${tree.file} and ${file}`,
        'Give the one that the target was booted with; overlays go with --overlay',
      );
    }
    tree = { tree: found, file };
  };
  for (const file of files) {
    const name = inputName(file);
    if (file !== '-' && isDirectory(file)) {
      const loaded = await loadTree(file, mending);
      warnings.push(...loaded.warnings);
      isOfSource = loaded.isOfSource;
      take(loaded.tree, name);
      continue;
    }
    const bytes = await unpacked(readInput(file), name);
    const { kind, what, hint } = inputKind(bytes);
    if (what === 'a device-tree blob' && (options.overlay ?? []).length === 0)
      take(decodeDtb(bytes, name), name);
    else if (
      (kind === 'board' && (what !== 'a YAML board' || /\.ya?ml$/.test(file))) ||
      (await isPastedSource(bytes, detectFormat(bytes), mending))
    ) {
      if (file === '-') {
        throw new UsageError(
          `standard input is ${what}: give it as a file`,
          'Texts can come from standard input',
        );
      }
      const loaded = await loadTree(file, mending);
      warnings.push(...loaded.warnings);
      isOfSource = loaded.isOfSource;
      take(loaded.tree, name);
    } else if (kind === 'other binary') {
      throw new UnreadableInput('other-format', name, `${name}: is ${what}: ${EXPECTED}`, hint);
    } else texts.push({ file: name, text: new TextDecoder().decode(bytes) });
  }
  refuseUnused(options, tree !== undefined, isOfSource);
  return { texts, warnings, ...(tree && { tree }) };
}

/** @throws UsageError for options about a tree where there is none that they could change */
function refuseUnused(
  { include, define, overlay }: BoardOptions,
  hasTree: boolean,
  isOfSource: boolean,
): void {
  const given = include?.length ? '--include' : define ? '--define' : undefined;
  if (given !== undefined && !isOfSource) {
    throw new UsageError(
      `${given} goes with device-tree source, and there is none here: it would be ignored`,
    );
  }
  if (overlay !== undefined && !hasTree) {
    throw new UsageError('--overlay goes with a device tree, and there is none here: it would be ignored');
  }
}

/** /proc/config.gz and logs that were packed. */
async function unpacked(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_TEXT });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableInput(
      'other-format',
      name,
      `${name}: is a gzip file that cannot be unpacked: ${why}`,
    );
  }
}

/**
 * Reads what was pasted, and makes a boot of it.
 *
 * @throws UnreadableInput, InvalidInput, UsageError
 */
export async function prepareReconstruction(
  files: readonly string[],
  options: BoardOptions,
): Promise<PreparedReconstruction> {
  const vendor = await givenVendor(options.vendor);
  return preparedOf(await sortInputs(files, options), files.map(inputName), bootParams(options, vendor));
}

/** The board and the boot of a capture: what a target was booted with, and not what it held. */
export async function loadCapture(
  bytes: Uint8Array,
  name: string,
  options: BoardOptions,
): Promise<LoadedTree> {
  const texts = [{ file: name, text: new TextDecoder().decode(bytes) }];
  const params = bootParams(options, await givenVendor(options.vendor));
  const { boot, findings } = preparedOf({ texts, warnings: [] }, [name], params);
  const { board } = boot.inputs;
  const tree = decodeDtb(board, name);
  const warnings = [...boot.warnings, ...findings.flatMap(warningOf)];
  return { tree, format: 'dtb', isOfSource: false, bytes: () => board, warnings, params: boot.inputs.params };
}

/** What a boot of a capture warns of; what is merely not told it does not. */
const warningOf = ({ kind, code, message, taken, at }: Finding): readonly Diagnostic[] =>
  kind === 'missing'
    ? []
    : [
        {
          code,
          severity: 'warning',
          message: taken === undefined ? message : `${message}; taken: ${taken}`,
          ...(at !== undefined && { position: { file: at.file, line: at.line } }),
        },
      ];

function preparedOf(
  { texts, tree, warnings }: Sorted,
  files: readonly string[],
  params: BootParams,
): PreparedReconstruction {
  const facts = readFacts(texts);
  const [one = '', ...more] = files;
  const source = more.length === 0 ? one : `${one} and ${more.length} more`;
  if (isEmpty(facts) && tree === undefined) {
    const [first = source] = files;
    const message =
      files.length === 1
        ? `${first}: no line of it says anything here`
        : 'no line of these files says anything here';
    throw new UnreadableInput('nothing-to-reconstruct', first, message, EXPECTED);
  }
  const rebuilt = reconstruct({ facts, files, params, ...(tree && { tree }) }, source);
  const inputs = { board: encodeDtb(rebuilt.tree), file: source, format: 'dtb', params: rebuilt.params };
  const boot = bootOf(inputs, loadedBoard({ tree: rebuilt.tree }, source), warnings);
  return { boot, facts, findings: rebuilt.findings };
}

export { rebuildState } from '../../reconstruct/index.ts';
