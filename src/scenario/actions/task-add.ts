import * as z from 'zod';
import { DEFAULT_NOFILE } from '../../kernel/task.ts';
import { addTask } from '../../program/caller.ts';
import { EXPECTED_GROUP, EXPECTED_ID, ID_MAX, parseGroup, parseId } from '../../program/group-names.ts';
import type { Action } from '../action.ts';
import { isPlainText } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { taskName } from '../task-name.ts';
import { text, textOr, whole, wordOrNumber } from '../value-forms.ts';

const schema = () =>
  textOr(
    z.strictObject({
      name: text,
      uid: whole.optional(),
      gid: whole.optional(),
      groups: z.array(wordOrNumber, { error: 'a list of groups' }).optional(),
      nofile: whole.optional(),
    }),
    'a name, or { name, uid, gid, groups, nofile }',
  );

export const taskAdd: Action<typeof schema> = {
  text: 'A task beside the others, as any user.',
  schema,
  compile: (value, values, path) => {
    const given = typeof value === 'string' ? { name: value } : value;
    const name = taskName(given.name, values, typeof value === 'string' ? path : [...path, 'name']);
    const id = (key: 'uid' | 'gid') => {
      const value = given[key];
      return value === undefined ? undefined : values.read(value, [...path, key], parseId, EXPECTED_ID);
    };
    const [uid, gid] = [id('uid'), id('gid')];
    const nofile = values.whole(given.nofile ?? DEFAULT_NOFILE, [...path, 'nofile']);
    const groups = (given.groups ?? []).map((group, i) =>
      values.read(group, [...path, 'groups', i], parseGroup, EXPECTED_GROUP),
    );
    return (at) =>
      addTask(callerAt(at), {
        name: name(at),
        groups: groups.map((group) => group(at)),
        nofile: nofile(at),
        ...(uid && { uid: uid(at) }),
        ...(gid && { gid: gid(at) }),
      });
  },
  export: {
    withoutTask: true,
    calls: {
      task_add: ({ result, call: { name, credentials, nofile } }, { names }) => {
        const { uid, gid, groups } = credentials;
        if (!isPlainText(name) || ![uid, gid, ...groups].every((id) => id <= ID_MAX)) return undefined;
        const words = {
          ...(uid !== 0 && { uid }),
          ...(gid !== uid && { gid }),
          ...(groups.length > 0 && { groups }),
          ...(nofile !== DEFAULT_NOFILE && { nofile }),
        };
        if (result.ret >= 0) names.startTask(name);
        return { action: { 'task-add': Object.keys(words).length === 0 ? name : { name, ...words } } };
      },
    },
  },
};
