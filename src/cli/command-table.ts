/**
 * Every command by its name, below the headings of the help. Each is loaded when its name is called: a command line
 * has one.
 */
import type { Option } from 'commander';
import { type Verb, withVerbs } from '../program/verb.ts';
import { VERBS } from '../program/verbs/index.ts';
import { isTopic } from './help-topic-names.ts';
import type { Registry } from './registry.ts';

/** Loads a command; what comes back puts it into the program. */
export type CommandLoader = () => Promise<(registry: Registry) => void>;

export type CommandTable = readonly (readonly [
  heading: string,
  commands: Readonly<Record<string, CommandLoader>>,
])[];

/** Commands with a file of their own. */
const OWN: CommandTable = [
  [
    'Boot:',
    {
      boot: async () => (await import('./commands/boot.ts')).bootCommand,
      reboot: async () => (await import('./commands/boot.ts')).rebootCommand,
      reconstruct: async () => (await import('./commands/reconstruct.ts')).reconstructCommand,
      capture: async () => (await import('./commands/capture.ts')).captureCommand,
      diff: async () => (await import('./commands/diff.ts')).diffCommand,
      check: async () => (await import('./commands/check.ts')).checkCommand,
      fit: async () => (await import('./commands/fit.ts')).fitCommand,
      boards: async () => (await import('./commands/boards.ts')).boardsCommand,
      config: async () => (await import('./commands/config.ts')).configCommand,
      kernels: async () => (await import('./commands/kernels.ts')).kernelsCommand,
      session: async () => (await import('./commands/session.ts')).sessionCommand,
      dt: async () => (await import('./commands/dt.ts')).dtCommand,
      playground: async () => (await import('./commands/playground.ts')).playgroundCommand,
    },
  ],
  [
    'Look:',
    {
      list: async () => (await import('./commands/list.ts')).listCommand,
      regions: async () => (await import('./commands/regions.ts')).regionsCommand,
      buffers: async () => (await import('./commands/buffers.ts')).buffersCommand,
      show: async () => (await import('./commands/show.ts')).showCommand,
      memmap: async () => (await import('./commands/memmap.ts')).memmapCommand,
      dmesg: async () => (await import('./commands/dmesg.ts')).dmesgCommand,
      hazards: async () => (await import('./commands/hazards.ts')).hazardsCommand,
      why: async () => (await import('./commands/why.ts')).whyCommand,
      leaks: async () => (await import('./commands/leaks.ts')).leaksCommand,
      report: async () => (await import('./commands/report.ts')).reportCommand,
    },
  ],
  [
    'Allocate:',
    {
      alloc: async () => (await import('./commands/alloc.ts')).allocCommand,
      free: async () => (await import('./commands/free.ts')).freeCommand,
      sleep: async () => (await import('./commands/sleep.ts')).sleepCommand,
      age: async () => (await import('./commands/age.ts')).ageCommand,
    },
  ],
  [
    'Bytes:',
    {
      read: async () => (await import('./commands/read.ts')).readCommand,
      write: async () => (await import('./commands/write.ts')).writeCommand,
      fill: async () => (await import('./commands/fill.ts')).fillCommand,
      dump: async () => (await import('./commands/dump.ts')).dumpCommand,
      sum: async () => (await import('./commands/sum.ts')).sumCommand,
      cmp: async () => (await import('./commands/cmp.ts')).cmpCommand,
    },
  ],
  [
    'Share:',
    {
      sync: async () => (await import('./commands/sync.ts')).syncCommand,
      mmap: async () => (await import('./commands/mmap.ts')).mmapCommand,
    },
  ],
  [
    'Tasks and devices:',
    {
      tasks: async () => (await import('./commands/tasks.ts')).tasksCommand,
      task: async () => (await import('./commands/task.ts')).taskCommand,
      devices: async () => (await import('./commands/devices.ts')).devicesCommand,
      device: async () => (await import('./commands/device.ts')).deviceCommand,
      overlay: async () => (await import('./commands/overlay.ts')).overlayCommand,
      drm: async () => (await import('./commands/drm.ts')).drmCommand,
    },
  ],
  [
    'Programs:',
    {
      exec: async () => (await import('./commands/exec.ts')).execCommand,
    },
  ],
  [
    'Scenarios:',
    {
      run: async () => (await import('./commands/run.ts')).runCommand,
      export: async () => (await import('./commands/export.ts')).exportCommand,
      replay: async () => (await import('./commands/replay.ts')).replayCommand,
    },
  ],
  [
    'Fail on purpose:',
    {
      fault: async () => (await import('./commands/fault.ts')).faultCommand,
      pin: async () => (await import('./commands/pin.ts')).pinCommand,
      unpin: async () => (await import('./commands/pin.ts')).unpinCommand,
      modprobe: async () => (await import('./commands/modprobe.ts')).modprobeCommand,
    },
  ],
  [
    'Files of /proc, /sys and /dev:',
    {
      cat: async () => (await import('./commands/cat.ts')).catCommand,
      ls: async () => (await import('./commands/ls.ts')).lsCommand,
      echo: async () => (await import('./commands/echo.ts')).echoCommand,
    },
  ],
  [
    'Calls:',
    {
      open: async () => (await import('./commands/open.ts')).openCommand,
      name: async () => (await import('./commands/name.ts')).nameCommand,
      ioctl: async () => (await import('./commands/ioctl.ts')).ioctlCommand,
      poll: async () => (await import('./commands/poll.ts')).pollCommand,
      stat: async () => (await import('./commands/stat.ts')).statCommand,
      call: async () => (await import('./commands/call.ts')).callCommand,
    },
  ],
  [
    'Other:',
    {
      completion: async () => (await import('./commands/completion.ts')).completionCommand,
    },
  ],
];

const loadVerb =
  (name: string, verb: Verb): CommandLoader =>
  async () =>
    (await import('./commands/verb.ts')).verbCommand(name, verb);

/** Verbs that are no part of another command. */
const TOP_LEVEL = Object.fromEntries(
  Object.entries<Verb>(VERBS).filter(([, { under }]) => under === undefined),
);

/** Those, and the verbs that are one call. */
const COMMANDS: CommandTable = OWN.map(([heading, commands]) => [
  heading,
  withVerbs(commands, TOP_LEVEL, loadVerb),
]);

/**
 * The commands that words may call: the one that they name, and all where they name none that there is, for the help
 * and for what was meant.
 *
 * @param words what follows `dmaheap` on the line
 * @param options those of the program itself, which may stand before the name
 */
export function commandsFor(words: readonly string[], options: readonly Option[]): CommandTable {
  // Answered by the program itself, whatever follows.
  if (/^(-V|--version)$/.test(words[0] ?? '')) return [];
  const { name, isHelp } = calledName(words, options);
  if (isHelp && isTopic(name)) return [['Other:', { help: loadHelpTopic }]];
  const named = COMMANDS.flatMap(([heading, commands]): CommandTable => {
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    return load === undefined ? [] : [[heading, { [name]: load }]];
  });
  return named.length > 0 ? named : COMMANDS;
}

const NOTHING_CALLED = { name: '', isHelp: false };

/** Where `help` is asked of a topic it is a command of its own: commander's knows commands alone. */
const loadHelpTopic: CommandLoader = async () => (await import('./commands/help.ts')).helpTopicCommand;

/** The first word that is neither an option of the program nor its value, or what help is asked for. */
function calledName(
  words: readonly string[],
  options: readonly Option[],
): { readonly name: string; readonly isHelp: boolean } {
  let isValue = false;
  for (const [at, word] of words.entries()) {
    if (isValue) isValue = false;
    else if (word === 'help') return { name: words[at + 1] ?? '', isHelp: true };
    else if (!word.startsWith('-')) return { name: word, isHelp: false };
    else {
      const option = options.find(({ long, short }) => word.split('=', 1)[0] === long || word === short);
      // Help, whatever follows it, or a mistake.
      if (option === undefined) return NOTHING_CALLED;
      isValue = option.required && !word.includes('=');
    }
  }
  return NOTHING_CALLED;
}
