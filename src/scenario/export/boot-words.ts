/** The inputs of a boot in the words of a scenario. */
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { formatFaultRule } from '../../kernel/faults/fault-text.ts';
import type { ScenarioBoot } from '../boot-form.ts';
import { spanWord } from './words.ts';

/** @returns `undefined` when there are none */
export function bootWords(params: BootParams): ScenarioBoot | undefined {
  const { cmdline, memory, reserve, config, coherent, nofile, heapMode, heapGid, evict, faults } = params;
  const { accounting, kernel, unflattenedTree } = params;
  const reserved = Object.entries(reserve ?? {}).flatMap(([name, range]) =>
    range === undefined ? [] : [[name, spanWord(range)]],
  );
  const options = Object.entries(config ?? {}).map(([key, value]) => [key.replace(/^CONFIG_/, ''), value]);
  const words: ScenarioBoot = {
    ...(kernel !== undefined && { kernel }),
    ...(cmdline !== undefined && { cmdline }),
    ...(memory !== undefined && { memory: memory.map(spanWord) }),
    ...(reserved.length > 0 && { reserve: Object.fromEntries(reserved) }),
    ...(options.length > 0 && { config: Object.fromEntries(options) }),
    ...(coherent !== undefined && { coherent }),
    ...(accounting !== undefined && accounting.length > 0 && { accounting: [...accounting] }),
    ...(unflattenedTree !== undefined && { 'unflattened-tree': unflattenedTree }),
    ...(nofile !== undefined && { nofile }),
    ...(heapMode !== undefined && { mode: heapMode.toString(8).padStart(4, '0') }),
    ...(heapGid !== undefined && { group: heapGid }),
    ...(evict !== undefined && { evict }),
    ...(faults !== undefined && faults.length > 0 && { fault: faults.map(formatFaultRule) }),
  };
  return Object.keys(words).length === 0 ? undefined : words;
}
