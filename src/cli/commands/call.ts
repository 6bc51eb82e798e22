import { CALL_VERBS } from '../../program/verbs/index.ts';
import { makeCalls } from '../calls.ts';
import { examples, type Registry } from '../registry.ts';
import { readCount } from '../words/arguments.ts';
import { verbCommand } from './verb.ts';

function setrlimit({ program, shell }: Registry): void {
  const command = program
    .command('setrlimit')
    .summary("setrlimit(2): the task's RLIMIT_NOFILE")
    .description('setrlimit(2) of RLIMIT_NOFILE: how many descriptors the task may have.')
    .argument('<soft>', 'descriptors', readCount)
    .addHelpText('after', examples('dmaheap --task camera call setrlimit 16'))
    .action(async (soft: number) => {
      const sh = shell(command);
      const session = await sh.session('call setrlimit');
      await makeCalls(sh, session, ({ must }) =>
        must(`setrlimit: ${soft}`, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft }),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.call-setrlimit/1', resource: 'RLIMIT_NOFILE', soft }),
        () => '',
      );
    });
}

/** `dmaheap call NAME …`: system calls whose plain names mean something else, as they are. */
export function callCommand({ program, shell }: Registry): void {
  const parent = program
    .command('call')
    .summary('read, write, pread64, mmap and others as they are')
    .description(
      'System calls as they are, where the command of that name does more: dmaheap read and write map a buffer, since a buffer has no read(2).',
    )
    .addHelpText('after', examples('dmaheap call read 4 16', 'dmaheap call pread64 -- 4 16 -1'));
  const registry: Registry = { program: parent, shell };
  for (const [name, verb] of Object.entries(CALL_VERBS)) verbCommand(name, verb, verb.call)(registry);
  // As libc calls what the kernel calls pread64.
  for (const command of parent.commands)
    if (command.name().endsWith('64')) command.alias(command.name().slice(0, -2));
  setrlimit(registry);
}
