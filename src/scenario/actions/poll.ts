import * as z from 'zod';
import { POLL_EVENTS, parseEvents } from '../../uapi/call-names.ts';
import { decodePollfds, encodePollfds, POLLIN, POLLOUT } from '../../uapi/poll.ts';
import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { type Flags, ref, refOr, words } from '../value-forms.ts';

const schema = () =>
  refOr(z.strictObject({ fd: ref, events: words('events').optional() }), 'a descriptor, or { fd, events }');

function eventsWord(events: number): Flags {
  const names = Object.entries(POLL_EVENTS).filter(([, bit]) => (events & bit) === bit);
  const known = names.reduce((bits, [, bit]) => bits | bit, 0);
  return events !== 0 && known === events ? names.map(([name]) => name).join('|') : events;
}

export const poll: Action<typeof schema> = {
  text: 'poll(2) without waiting.',
  schema,
  expects: ['revents'],
  compile: (value, values, path) => {
    const given = typeof value === 'object' ? value : { fd: value };
    const fd = values.ref(given.fd, typeof value === 'object' ? [...path, 'fd'] : path, 'descriptor');
    const asked = given.events ?? POLLIN | POLLOUT;
    const expected = 'events joined by |: POLLIN, POLLOUT';
    const events = values.read(asked, [...path, 'events'], parseEvents, expected);
    return (at) => {
      const fds = encodePollfds([{ fd: fd(at), events: events(at), revents: 0 }]);
      const result = syscall(at, { call: 'poll', fds, timeout: 0 });
      return { ...result, revents: decodePollfds(fds)[0]?.revents ?? 0 };
    };
  },
  export: {
    calls: {
      poll: ({ task, result, call: { fds } }, { names }) => {
        const [one, ...more] = fds === null ? [] : decodePollfds(fds);
        if (one === undefined || more.length > 0 || fds?.length !== 8 || one.fd < 0) return undefined;
        const fd = names.descriptor(task, one.fd);
        const isUsual = one.events === (POLLIN | POLLOUT);
        return {
          action: { poll: isUsual ? fd : { fd, events: eventsWord(one.events) } },
          ...(result.ret >= 0 && { expect: { revents: eventsWord(one.revents) } }),
        };
      },
    },
  },
};
