/** Every action, by the key of a step that names it, in the order in which hints and editors list them. */
import type * as z from 'zod';
import { withVerbs } from '../../program/verb.ts';
import { CALL_VERBS, VERBS } from '../../program/verbs/index.ts';
import type { Action } from '../action.ts';
import { age } from './age.ts';
import { alloc } from './alloc.ts';
import { attach, detach } from './attach.ts';
import { awaitProgram } from './await.ts';
import { cat } from './cat.ts';
import { check } from './check.ts';
import { choose } from './choose.ts';
import { deviceAdd } from './device-add.ts';
import { deviceAlloc, deviceFree } from './device-alloc.ts';
import { deviceDrm, deviceVb2 } from './device-media.ts';
import { deviceProbe, deviceRelease } from './device-probe.ts';
import { deviceRm } from './device-rm.ts';
import { deviceSet } from './device-set.ts';
import { echo } from './echo.ts';
import { exec } from './exec.ts';
import { exit } from './exit.ts';
import { fault, faultRm } from './fault.ts';
import { fill } from './fill.ts';
import { forEach } from './for.ts';
import { fork } from './fork.ts';
import { free } from './free.ts';
import { ioctl } from './ioctl.ts';
import { ls } from './ls.ts';
import { map, unmap } from './map.ts';
import { mmap } from './mmap.ts';
import { modprobe } from './modprobe.ts';
import { name } from './name.ts';
import { occupy } from './occupy.ts';
import { open } from './open.ts';
import { overlay } from './overlay.ts';
import { parallel } from './parallel.ts';
import { pin, unpin } from './pin.ts';
import { poll } from './poll.ts';
import { read } from './read.ts';
import { repeat } from './repeat.ts';
import { send } from './send.ts';
import { setrlimit } from './setrlimit.ts';
import { sleep } from './sleep.ts';
import { stat } from './stat.ts';
import { sync } from './sync.ts';
import { syscall } from './syscall.ts';
import { taskAdd } from './task-add.ts';
import { type ValueOfVerb, verbAction } from './verb.ts';
import { write } from './write.ts';

/** Actions with a file of their own. */
const OWN = {
  open,
  alloc,
  free,
  name,
  poll,
  stat,
  ioctl,
  setrlimit,
  sync,
  mmap,
  read,
  write,
  fill,
  cat,
  ls,
  echo,
  'task-add': taskAdd,
  fork,
  exec,
  exit,
  send,
  'device-add': deviceAdd,
  'device-set': deviceSet,
  'device-rm': deviceRm,
  'device-probe': deviceProbe,
  'device-release': deviceRelease,
  'device-alloc': deviceAlloc,
  'device-free': deviceFree,
  'device-vb2': deviceVb2,
  'device-drm': deviceDrm,
  attach,
  map,
  unmap,
  detach,
  sleep,
  await: awaitProgram,
  fault,
  'fault-rm': faultRm,
  pin,
  unpin,
  occupy,
  modprobe,
  overlay,
  age,
  check,
  syscall,
} as const;

const ALL_VERBS = { ...VERBS, ...CALL_VERBS };
type Verbs = typeof ALL_VERBS;
type OfVerbs = {
  readonly [Name in keyof Verbs]: Action<() => z.ZodType<ValueOfVerb<Verbs[Name]['arguments']>>>;
};

/** Those that do something by themselves, with the verbs that are one call. */
// Made key by key, of which TypeScript keeps no account.
export const ACTIONS = withVerbs<Action>(OWN, ALL_VERBS, verbAction) as typeof OWN & OfVerbs;

/** Those that other steps are inside of. */
export const CONTROLS = { repeat, for: forEach, choose, parallel } as const;

export const ACTION_NAMES: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(CONTROLS)];
