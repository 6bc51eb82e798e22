/** What a task's descriptor is, and whose descriptors are of one file. */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { FileHolders, type Holder } from '../file-holders.ts';
import type { KernelState } from '../state.ts';
import { findDescriptor } from '../task.ts';

/** A descriptor with the file behind it. */
export interface DescriptorView {
  /** The number of the open file, which all descriptors of it share. */
  readonly file: number;
  readonly cloexec: boolean;
  readonly open: Readonly<OpenFile>;
}

export function descriptorView(state: KernelState, task: string, fd: number): DescriptorView | undefined {
  const found = findDescriptor(state.records, task, fd);
  const open = found && state.files.get(found.file);
  return found && open && { file: found.file, cloexec: found.cloexec, open };
}

/** The mappings of a file, by task and number. */
export const mappingsOf = (state: KernelState, file: number): readonly Holder[] =>
  new FileHolders(state.records).of(file, 'mapping');

/** The descriptors of a file, by task and number. */
export const descriptorsOf = (state: KernelState, file: number): readonly Holder[] =>
  new FileHolders(state.records).of(file, 'fd');
