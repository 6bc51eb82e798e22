/** The inputs of a boot in the words of a scenario. */
import { writtenVendor } from '../../board/written-heaps.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { formatFaultRule } from '../../kernel/faults/fault-text.ts';
import { configFileText } from '../../profile/dot-config.ts';
import type { ScenarioBoot } from '../boot-form.ts';
import { spanWord } from './words.ts';

/** @returns `undefined` when there are none */
export function bootWords(params: BootParams): ScenarioBoot | undefined {
  const { cmdline, memory, reserve, config, coherent, nofile, heapMode, heapGid, evict, faults } = params;
  const { accounting, arch, configFile, kernel, preset, unflattenedTree, vendor } = params;
  const reserved = Object.entries(reserve ?? {}).flatMap(([name, range]) =>
    range === undefined ? [] : [[name, spanWord(range)]],
  );
  const options = Object.entries(config ?? {}).map(([key, value]) => [key.replace(/^CONFIG_/, ''), value]);
  // What of a file answers depend on, in place: the scenario needs no file of its own for it.
  const pieces = [
    ...(configFile === undefined ? [] : [configFileText(configFile)]),
    ...(options.length === 0 ? [] : [Object.fromEntries(options)]),
  ];
  const words: ScenarioBoot = {
    ...(kernel !== undefined && { kernel }),
    ...(arch !== undefined && { arch }),
    ...(cmdline !== undefined && { cmdline }),
    ...(memory !== undefined && { memory: memory.map(spanWord) }),
    ...(reserved.length > 0 && { reserve: Object.fromEntries(reserved) }),
    ...(preset !== undefined && { preset }),
    ...(pieces.length > 0 && { config: pieces.length === 1 ? pieces[0] : pieces }),
    ...(coherent !== undefined && { coherent }),
    ...(accounting !== undefined && accounting.length > 0 && { accounting: [...accounting] }),
    // What it declares, and not its file's name: a history is whole without other files.
    ...(vendor !== undefined && { vendor: writtenVendor(vendor) }),
    ...(unflattenedTree !== undefined && { 'unflattened-tree': unflattenedTree }),
    ...(nofile !== undefined && { nofile }),
    ...(heapMode !== undefined && { mode: heapMode.toString(8).padStart(4, '0') }),
    ...(heapGid !== undefined && { group: heapGid }),
    ...(evict !== undefined && { evict }),
    ...(faults !== undefined && faults.length > 0 && { fault: faults.map(formatFaultRule) }),
  };
  return Object.keys(words).length === 0 ? undefined : words;
}
