/** Checks of what is odd about a board or its boot: what `boot` warns of, under the same names. */
import type { Diagnostic } from '../diagnostic.ts';
import { MiB } from '../units.ts';
import { linesAbout, naming } from './checks-of-regions.ts';
import type { CheckAbout, Found, Repair, Severity } from './finding.ts';
import { moveRepairs, nodeOf, regionPath, reservedPath } from './repairs.ts';
import { below, exactNode, type TreeEdit, textValue } from './tree-edit.ts';
import { cmdlineOf, type Trial, withWord } from './trial.ts';

interface Of {
  readonly severity: Severity;
  readonly about: string;
}

/** By the code of the warning. One that is not here is a warning of its own code. */
const CODES: Readonly<Record<string, Of>> = {
  'board-misspelt-property': {
    severity: 'warning',
    about: 'a property of a region that is almost one that Linux reads',
  },
  'board-size-beside-reg': {
    severity: 'warning',
    about: 'size, alignment or alloc-ranges beside reg, which Linux ignores',
  },
  'board-size-for-reg': {
    severity: 'error',
    about: 'size that holds an address and a size, where reg was meant',
  },
  'board-reserved-memory-elsewhere': {
    severity: 'warning',
    about: 'a region that is no child of /reserved-memory, which Linux does not look at',
  },
  'board-flag-value': {
    severity: 'warning',
    about: 'a flag with a value that means no, which Linux passes over',
  },
  'board-default-ignored': {
    severity: 'warning',
    about: 'linux,cma-default or linux,dma-default of a region that cannot be it',
  },
  'region-several-reg': {
    severity: 'warning',
    about: 'a reg of several pairs, of which the region is one or none',
  },
  'board-memory-region': {
    severity: 'warning',
    about: 'a memory-region that points to no child of /reserved-memory',
  },
  'board-memory-node': { severity: 'warning', about: 'a memory node that Linux ignores, or reads otherwise' },
  'board-root-cells': {
    severity: 'warning',
    about: "the root's #address-cells or #size-cells are missing, or larger than 2",
  },
  'board-chosen': { severity: 'note', about: 'what /chosen has and the model does not follow' },
  'cmdline-ignored': { severity: 'note', about: 'a word of the command line that the model does not follow' },
  'cmdline-half-read': {
    severity: 'warning',
    about: 'a size on the command line that Linux reads otherwise',
  },
  'cmdline-misspelt': {
    severity: 'warning',
    about: 'a word of the command line that is almost one of memory',
  },
  'cmdline-cma-bytes': { severity: 'warning', about: 'cma= without a unit, which is bytes' },
  'region-elsewhere': {
    severity: 'warning',
    about: 'a region without reg whose name says another place than Linux found',
  },
  'region-overlap': { severity: 'error', about: 'a coherent pool that shares memory with another region' },
  'cma-overlap': { severity: 'error', about: 'two CMA areas that share memory' },
  'cma-over-nomap': { severity: 'error', about: 'a no-map region inside a CMA area' },
  'cma-over-reserved': {
    severity: 'error',
    about: 'a CMA area over what the boot loader or another region has',
  },
  'cma-past-ram': { severity: 'error', about: 'a CMA area that reaches out of RAM' },
  'series-name-taken': {
    severity: 'error',
    about: 'a heap name that is taken, where the series as posted panics',
  },
  'series-pool-moved': {
    severity: 'error',
    about: 'a pool that the overlap check moves, where the series as posted panics',
  },
  'boot-panic': { severity: 'error', about: 'the kernel dies while it boots' },
};

/** Told by the region's own row. */
const TOLD_BY_REGION = new Set(['default-cma-failed']);

export const BOOT_CHECKS: readonly CheckAbout[] = Object.entries(CODES).map(([name, of]) => ({
  name,
  ...of,
  by: 'dmaheap',
}));

const splitPath = (path: string): readonly [node: string, property: string | undefined] => {
  // A property's name may hold no colon, a node's neither.
  const at = path.indexOf(':');
  return at < 0 ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)];
};

/** The region that a warning is about: its name. */
const regionOf = ({ board }: Trial, path: string): string | undefined => {
  const [node] = splitPath(path);
  return node.startsWith(`${reservedPath(board)}/`) ? node.slice(reservedPath(board).length + 1) : undefined;
};

const isReservedMemory = (path: string): boolean => /\/reserved-memory(@[^/]*)?$/.test(path);

/** Moves a node that Linux does not look at to where it does. */
function toReserved({ board }: Trial, path: string): readonly Repair[] {
  const tree = board.tree;
  if (tree === undefined) return [];
  if (board.reservedMemory === undefined) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    const above = parent.lastIndexOf('/');
    if (above < 0) return [];
    if (above === 0) {
      const name = 'reserved-memory';
      return [{ edits: [{ edit: 'rename', path: parent, name }], say: `${parent} called ${name}` }];
    }
    if (!isReservedMemory(parent)) return [];
    return [{ edits: [{ edit: 'move', path: parent, to: '/' }], say: `${parent} moved to the root` }];
  }
  const to = reservedPath(board);
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (exactNode(tree.root, below(to, name)) !== undefined) return [];
  const parent = path.slice(0, path.lastIndexOf('/'));
  const isOnly = isReservedMemory(parent) && exactNode(tree.root, parent)?.children.length === 1;
  const edits: TreeEdit[] = [
    { edit: 'move', path, to },
    ...(isOnly ? [{ edit: 'remove', path: parent } as const] : []),
  ];
  return [{ edits, say: `moved to ${to}` }];
}

function repairsOf(trial: Trial, { code, path = '', hint = '' }: Diagnostic): readonly Repair[] {
  const { board } = trial;
  const [node, property] = splitPath(path);
  const region = regionOf(trial, path);
  switch (code) {
    case 'board-misspelt-property': {
      const meant = /did you mean ([a-z,-]+)\?/.exec(hint)?.[1];
      if (property === undefined || meant === undefined) return [];
      return [
        { edits: [{ edit: 'call', path: node, property, name: meant }], say: `${property} called ${meant}` },
      ];
    }
    case 'board-size-beside-reg': {
      const has = exactNode(board.tree?.root ?? { name: '', properties: [], children: [] }, node);
      const names = ['size', 'alignment', 'alloc-ranges'].filter((name) =>
        has?.properties.some((one) => one.name === name),
      );
      const edits = names.map((name): TreeEdit => ({ edit: 'delete', path: node, property: name }));
      return [{ edits, say: `no ${names.join(', no ')}` }];
    }
    case 'board-size-for-reg':
      return [
        { edits: [{ edit: 'call', path: node, property: 'size', name: 'reg' }], say: 'size called reg' },
      ];
    case 'board-flag-value':
      return property === undefined
        ? []
        : [{ edits: [{ edit: 'delete', path: node, property }], say: `no ${property}` }];
    case 'board-default-ignored':
      return property === 'linux,cma-default'
        ? [
            {
              edits: [{ edit: 'set', path: node, property: 'reusable', value: new Uint8Array() }],
              say: 'reusable added',
            },
          ]
        : [];
    case 'board-reserved-memory-elsewhere':
      return toReserved(trial, node);
    case 'board-memory-node':
      return property === 'status'
        ? [{ edits: [{ edit: 'delete', path: node, property }], say: 'no status' }]
        : property === 'device_type'
          ? [
              {
                edits: [{ edit: 'set', path: node, property, value: textValue('memory') }],
                say: 'device_type = "memory"',
              },
            ]
          : [];
    case 'region-elsewhere':
      return region === undefined
        ? []
        : [
            {
              edits: [{ edit: 'rename', path: node, name: region.replace(/@.*/, '') }],
              say: 'no unit address',
            },
          ];
    case 'cmdline-cma-bytes': {
      const asked = trial.params.cmdline ?? board.bootargs;
      const word = /(?:^|\s)cma=(\S+)/.exec(asked)?.[1];
      return word === undefined
        ? []
        : [{ cmdline: withWord(cmdlineOf(trial), 'cma', `cma=${word}M`), say: `cma=${word}M` }];
    }
    case 'cma-past-ram':
      return region === undefined ? [] : [...shrinkRepairs(trial, region), ...moveRepairs(trial, region)];
    case 'cma-overlap':
    case 'region-overlap':
    case 'cma-over-nomap':
    case 'cma-over-reserved':
    case 'boot-panic':
      return poolsNamed(trial, region).flatMap((name) => moveRepairs(trial, name));
    case 'series-name-taken':
      return region === undefined
        ? []
        : [
            {
              edits: [{ edit: 'rename', path: node, name: region.replace(/(@|$)/, '-pool$1') }],
              say: 'another name',
            },
          ];
    default:
      return [];
  }
}

/** The pools that may be moved out of an overlap: the one that is named first, then every other. */
function poolsNamed({ board }: Trial, region: string | undefined): readonly string[] {
  const names = (board.reservedMemory?.nodes ?? []).map(({ name }) => name);
  return [...(region === undefined ? [] : [region]), ...names.filter((name) => name !== region)].slice(0, 8);
}

/** Cut at the end of RAM. */
function shrinkRepairs(trial: Trial, name: string): readonly Repair[] {
  const first = nodeOf(trial, name)?.reg?.[0];
  const ram = trial.params.memory ?? trial.board.memory;
  const inside = first && ram.find(({ base, size }) => first.base >= base && first.base < base + size);
  if (first === undefined || inside === undefined) return [];
  const size = ((inside.base + inside.size - first.base) / (4n * MiB)) * (4n * MiB);
  if (size === 0n || size >= first.size) return [];
  const { addressCells, sizeCells } = trial.board;
  const value = new Uint8Array((addressCells + sizeCells) * 4);
  const put = (number: bigint, end: number, cells: number) => {
    for (let i = 0; i < cells * 4; i++) value[end - 1 - i] = Number((number >> BigInt(8 * i)) & 0xffn);
  };
  put(first.base, addressCells * 4, addressCells);
  put(size, (addressCells + sizeCells) * 4, sizeCells);
  const path = regionPath(trial.board, name);
  return [
    {
      edits: [{ edit: 'set', path, property: 'reg', value }],
      say: `a size of ${size / MiB} MiB, which ends in RAM`,
    },
  ];
}

/** What warnings say, each as a finding. */
export function bootFindings(trial: Trial): readonly Found[] {
  const { board, warnings, cause } = trial;
  const all = [...board.diagnostics, ...warnings, ...(cause === undefined ? [] : [cause])];
  return all
    .filter(({ code }) => !TOLD_BY_REGION.has(code))
    .map((diagnostic): Found => {
      const { code, message, path, position, hint } = diagnostic;
      const region = path === undefined ? undefined : regionOf(trial, path);
      const severity = (Object.hasOwn(CODES, code) ? CODES[code]?.severity : undefined) ?? 'warning';
      const about = region === undefined ? undefined : naming(region);
      const log =
        code === 'boot-panic'
          ? linesAbout(trial, (text) => text.startsWith('Kernel panic'))
          : about === undefined || severity !== 'error'
            ? []
            : linesAbout(trial, (text) => about(text) && /overlap|fail|error/i.test(text));
      return {
        check: code,
        severity,
        message,
        ...(path !== undefined && { path }),
        ...(position !== undefined && { position }),
        ...(hint !== undefined && { hint }),
        log,
        repairs: () => repairsOf(trial, diagnostic),
      };
    });
}
