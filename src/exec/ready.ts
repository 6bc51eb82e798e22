/** POLL and EPOLL: what descriptors are ready for. */
import { decodePollfds, EPOLLET, encodePollfds } from '../uapi/poll.ts';
import type { Handler, Question } from './question.ts';

/** What poll(2) says of descriptors, at once. */
function ready(
  question: Question,
  asked: readonly { readonly fd: number; readonly events: number }[],
): readonly number[] {
  const fds = encodePollfds(asked.map((entry) => ({ ...entry, revents: 0 })));
  question.call({ call: 'poll', fds, timeout: 0 });
  return decodePollfds(fds).map(({ revents }) => revents);
}

export const poll: Handler = (question) => {
  const { fields } = question;
  const asked = fields.list(8, (each) => ({ fd: each.u32() | 0, events: each.u32() & 0xffff }));
  fields.end();
  const revents = ready(question, asked);
  const reply = question.reply(revents.filter((bits) => bits !== 0).length);
  for (const bits of revents) reply.u32(bits);
};

/** The set watches a descriptor that is always ready in the place of ours, for what ours is ready for now. */
export const epoll: Handler = (question) => {
  const { fields, kernel } = question;
  const fd = fields.u32() | 0;
  const op = fields.u32();
  const events = fields.u32();
  fields.end();
  const { ret } = question.call({ call: 'epoll_ctl', fd, op });
  if (ret < 0) {
    question.reply(ret).u32(0);
    return;
  }
  const [bits = 0] = ready(question, [{ fd, events: events & 0xffff }]);
  // An edge is told at each look: a fence of the past counts as news.
  const kept = kernel.profile.linux.epollEdgeRepeats ? ~(0xffff | EPOLLET) : ~0xffff;
  question.reply(0).u32((events & kept) | bits);
};
