import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import type { DescriptorTable, FdRecord } from '../task.ts';

/** An open file, as a call finds it. */
export interface Opened {
  readonly task: string;
  readonly table: DescriptorTable;
  readonly fd: number;
  readonly descriptor: FdRecord;
  readonly file: OpenFile;
}
