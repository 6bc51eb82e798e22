import { decodePollfds, encodePollfds, POLLIN, POLLOUT } from '../../uapi/poll.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';
import { eventNames, readEvents } from '../words/call-words.ts';

/** `dmaheap poll FD…`. */
export function pollCommand({ program, shell }: Registry): void {
  const command = completes(program.command('poll'), 'fd')
    .summary('poll(2): what descriptors are ready for')
    .description(
      'poll(2) without waiting. Prints each descriptor and its revents, - when it is ready for nothing.',
    )
    .argument('<fd...>', 'descriptors')
    .option('--events <events>', 'what is asked: POLLIN|POLLOUT unless given', readEvents)
    .addHelpText('after', examples('dmaheap poll 4', 'dmaheap poll 4 5 --events POLLOUT'))
    .action(async (words: string[], { events = POLLIN | POLLOUT }: { readonly events?: number }) => {
      const sh = shell(command);
      const asked = words.map((word) => ({ fd: readDescriptor(word), events, revents: 0 }));
      const fds = encodePollfds(asked);
      const session = await sh.session('poll');
      const ret = await makeCalls(sh, session, ({ must }) => must('poll', { call: 'poll', fds, timeout: 0 }));
      const answers = decodePollfds(fds).map(({ fd, revents }) => ({ fd, revents: eventNames(revents) }));
      await sh.answer(
        () => ({ schema: 'dmaheap.poll/1', events: eventNames(events), ret, fds: answers }),
        () => answers.map(({ fd, revents }) => `${fd} ${revents.join('|') || '-'}\n`).join(''),
      );
    });
}
