import { escapeText } from '../../escape-text.ts';
import { SHELL_TASK } from '../../kernel/task.ts';
import { removeSession } from '../../session/local-session.ts';
import { formatHex, formatSize } from '../../units.ts';
import { AnsweredNo, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { renderFacts } from '../terminal/table.ts';

/** What can be done about a session that is not whole, now that it is known. */
const DAMAGED = `the session is damaged. What can be done:
  keep a copy for a report:  cp -a "$(dmaheap session path)" damaged-session
  go on from a fresh boot:   dmaheap session rm, then dmaheap boot BOARD
`;

/** `dmaheap session info|check|compact|rm|path`: the session itself. */
export function sessionCommand(registry: Registry): void {
  const parent = registry.program
    .command('session')
    .summary('the session itself')
    .description(
      'A session keeps a booted kernel in a directory: --session DIR, else $DMAHEAP_SESSION, else ./.dmaheap.',
    )
    .addHelpText(
      'after',
      examples('dmaheap session info', 'dmaheap session rm', 'DMAHEAP_SESSION=/tmp/a dmaheap session path'),
    );
  const { shell } = registry;

  const info = parent
    .command('info')
    .description('Prints where the session is, what it was booted from and when.')
    .addHelpText('after', examples('dmaheap session info --json'))
    .action(async () => {
      const sh = shell(info);
      const session = await sh.session('session info');
      const { path, generation, bootedAt, layout, inputs, calls, entries, first, server } = session.info();
      const { profile, time, buffers, tasks } = session.view((kernel) => ({
        profile: kernel.info().banner,
        time: kernel.info().time,
        buffers: kernel.bufferCount(),
        tasks: kernel.taskNames().filter((name) => name !== SHELL_TASK),
      }));
      const booted = new Date(bootedAt).toISOString();
      await sh.answer(
        () => ({
          schema: 'dmaheap.session/1',
          profile,
          path: path ?? null,
          board: inputs.file,
          format: inputs.format,
          booted_at: booted,
          generation,
          time,
          calls,
          journal: { entries, dropped: first },
          buffers,
          ...(server !== undefined && { server: { pid: server, tasks } }),
          memory: layout.map(({ base, size }) => ({ base: formatHex(base), size })),
        }),
        () =>
          renderFacts([
            ['path', escapeText(path ?? '-')],
            ['kernel', profile],
            ['board', `${escapeText(inputs.file)} (${inputs.format})`],
            ['booted', `${booted}, boot ${generation} of this session`],
            ['kernel time', `${time / 1e9} s`],
            ['calls', String(calls)],
            ...(first > 0
              ? [['journal', `the newest ${entries - first} of ${entries} calls and accesses`] as const]
              : []),
            ['buffers', String(buffers)],
            ...(server === undefined
              ? []
              : [['served', `by process ${server}; tasks: ${tasks.join(', ') || 'none'}`] as const]),
            ...layout.map(
              ({ base, size }) =>
                [
                  'memory',
                  `${formatHex(base)}..${formatHex(base + size - 1n)} (${formatSize(size)})`,
                ] as const,
            ),
          ]),
      );
    });

  const check = parent
    .command('check')
    .description(
      'Reads the whole session through: whether it is whole, and what is wrong. The answer no is exit code 1.',
    )
    .addHelpText('after', examples('dmaheap session check'))
    .action(async () => {
      const sh = shell(check);
      sh.refuseBoard('session check');
      const { checkSession } = await import('../../session/check-session.ts');
      const location = sh.location();
      const problems = checkSession(location, sh.storeOptions);
      await sh.answer(
        () => ({
          schema: 'dmaheap.session-check/1',
          path: location.path,
          whole: problems.length === 0,
          problems,
        }),
        () =>
          problems.length === 0
            ? 'the session is whole\n'
            : problems.map((line) => `${escapeText(line)}\n`).join(''),
      );
      if (problems.length === 0) return;
      if (sh.options.json !== true) sh.streams.err(DAMAGED);
      throw new AnsweredNo();
    });

  const compact = parent
    .command('compact')
    .description('Makes the session as small as what it holds; nothing in it changes.')
    .addHelpText('after', examples('dmaheap session compact'))
    .action(async () => {
      const sh = shell(compact);
      sh.refuseBoard('session compact');
      const { compactSession } = await import('../../session/compact-session.ts');
      const { before, after } = compactSession(sh.location(), sh.storeOptions);
      sh.ledger.keep();
      await sh.answer(
        () => ({ schema: 'dmaheap.session-compact/1', before, after }),
        () => `${formatSize(BigInt(before))} on disk before, ${formatSize(BigInt(after))} now\n`,
      );
    });

  const rm = parent
    .command('rm')
    .description('Removes the session: its own files, then the directory if nothing else is in it.')
    .addHelpText('after', examples('dmaheap session rm'))
    .action(async () => {
      const sh = shell(rm);
      sh.refuseBoard('session rm');
      const location = sh.location();
      removeSession(location, sh.storeOptions);
      sh.ledger.keep();
      await sh.answer(
        () => ({ schema: 'dmaheap.session-rm/1', path: location.path }),
        () => '',
      );
    });

  const path = parent
    .command('path')
    .description('Prints the directory where the session is looked for, whether there is one or not.')
    .addHelpText('after', examples('ls "$(dmaheap session path)"'))
    .action(async () => {
      const sh = shell(path);
      sh.refuseBoard('session path');
      if (sh.options.wait !== undefined)
        throw new UsageError('session path waits for nobody: --wait would be ignored');
      const location = sh.location();
      await sh.answer(
        () => ({ schema: 'dmaheap.session-path/1', path: location.path, from: location.from }),
        () => `${location.path}\n`,
      );
    });
}
