import { Option } from 'commander';
import { mapBuffer } from '../../program/map-buffer.ts';
import { PROTECTIONS, type Protection } from '../../uapi/fcntl.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor, readOffset, readSize } from '../words/arguments.ts';

interface MmapOptions {
  readonly offset?: bigint;
  readonly length?: bigint;
  readonly prot: Protection;
  readonly private?: boolean;
}

/** `dmaheap mmap FD`: a mapping that stays; prints its number. */
export function mmapCommand({ program, shell }: Registry): void {
  const command = completes(program.command('mmap'), 'fd')
    .summary('map a buffer: prints the number of the mapping')
    .description(
      'Maps a buffer and keeps the mapping, which keeps the buffer when its descriptors are closed. Prints its number alone; read, write and others take it as map:N.',
    )
    .argument('<fd>', 'a descriptor')
    .option('--offset <n>', 'where in the buffer it begins: a multiple of a page', readOffset)
    .option('--length <n>', 'bytes, to the end of the buffer unless given', readSize)
    .addOption(
      new Option('--prot <access>', 'what it allows').choices(Object.keys(PROTECTIONS)).default('rw'),
    )
    .option('--private', 'MAP_PRIVATE: what is written stays with the task')
    .addHelpText(
      'after',
      examples(
        'm=$(dmaheap mmap 4)',
        'dmaheap free 4 && dmaheap dump map:$m | head',
        'dmaheap mmap 4 --offset 4K --length 64K --prot r',
      ),
    )
    .action(async (word: string, options: MmapOptions) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const { offset = 0n, prot } = options;
      const shared = options.private !== true;
      const session = await sh.session('mmap');
      const made = await makeCalls(sh, session, (caller) => {
        const { kernel, task, did } = caller;
        const request = { ...options, fd, prot: PROTECTIONS[prot] };
        const mapping = did(`mmap: ${fd}`, () => mapBuffer(caller, request)).ret;
        return { mapping, length: kernel.mapping(mapping, task).length };
      });
      await sh.answer(
        () => ({
          schema: 'dmaheap.mmap/1',
          fd,
          mapping: made.mapping,
          offset,
          length: made.length,
          prot: PROTECTIONS[prot],
          shared,
        }),
        () => `${made.mapping}\n`,
      );
    });
}
