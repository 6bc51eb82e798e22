import { formatHex, formatSize } from '../../units.ts';
import { escapeText } from '../escape.ts';
import { examples, type Registry } from '../registry.ts';
import { renderFacts } from '../table.ts';

/** `dmaheap session info|rm|path`: the session itself. */
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
      const { path, generation, bootedAt, layout, inputs, calls } = session.info();
      const { profile, time, buffers } = session.view((kernel) => ({
        profile: kernel.info().banner,
        time: kernel.info().time,
        buffers: kernel.bufferCount(),
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
          buffers,
          memory: layout.map(({ base, size }) => ({ base: formatHex(base), size: Number(size) })),
        }),
        () =>
          renderFacts([
            ['path', escapeText(path ?? '-')],
            ['kernel', profile],
            ['board', `${escapeText(inputs.file)} (${inputs.format})`],
            ['booted', `${booted}, boot ${generation} of this session`],
            ['kernel time', `${time / 1e9} s`],
            ['calls', String(calls)],
            ['buffers', String(buffers)],
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

  const rm = parent
    .command('rm')
    .description('Removes the session: its own files, then the directory if nothing else is in it.')
    .addHelpText('after', examples('dmaheap session rm'))
    .action(async () => {
      const sh = shell(rm);
      sh.refuseBoard('session rm');
      const { removeSession } = await import('../../session/directory.ts');
      const location = sh.location();
      removeSession(location);
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
      const location = sh.location();
      await sh.answer(
        () => ({ schema: 'dmaheap.session-path/1', path: location.path, from: location.from }),
        () => `${location.path}\n`,
      );
    });
}
