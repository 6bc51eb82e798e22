/** A kernel of what was pasted, in memory. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import {
  type Finding,
  type InputText,
  readFacts,
  rebuildState,
  reconstruct,
} from '../../src/reconstruct/index.ts';
import { MemoryRecords } from '../../src/records.ts';

/** @throws InvalidInput, and an Error when the kernel dies */
export function rebuilt(
  inputs: readonly InputText[],
  params: BootParams = {},
): { readonly kernel: Kernel; readonly findings: readonly Finding[] } {
  const facts = readFacts(inputs);
  const made = reconstruct({ facts, files: inputs.map(({ file }) => file), params }, 'pasted');
  const records = new MemoryRecords();
  const { panic } = boot(boardFromTree(made.tree, 'pasted'), made.params, records);
  if (panic !== undefined) throw new Error(panic);
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  const state = rebuildState(kernel, facts);
  return { kernel, findings: [...made.findings, ...state.findings] };
}
