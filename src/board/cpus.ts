/** What a tree says of a board's processors, and whether the model knows boards of that sort. */
import { childCalled } from '../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { stringsOf } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { type CpuFacts, cpuArchitecture } from '../profile/cpu-architecture.ts';
import { architectureNames } from '../profile/profile.ts';
import { rootArchitecture } from '../profile/root-architecture.ts';
import type { Board } from './board.ts';

const NONE = new Uint8Array();

const compatibleOf = (node: DtNode): readonly string[] =>
  stringsOf(getProperty(node, 'compatible')?.value ?? NONE);

function cpuFacts(root: DtNode): CpuFacts {
  const nodes = (childCalled(root, 'cpus')?.children ?? []).filter(({ name }) =>
    /^(cpu@|PowerPC)/.test(name),
  );
  return {
    compatible: nodes.flatMap((node) => [...compatibleOf(node), ...node.name.split('@').slice(0, 1)]),
    isa: nodes.flatMap((node) =>
      ['riscv,isa', 'riscv,isa-base'].flatMap((name) => stringsOf(getProperty(node, name)?.value ?? NONE)),
    ),
    properties: nodes.flatMap(({ properties }) => properties.map(({ name }) => name)),
    timers: root.children.flatMap(compatibleOf),
  };
}

/**
 * The architecture of a board, where its tree says so: by its processors, else by its root.
 *
 * @throws InvalidInput when that is one whose kernel would arrange its memory as no model here does
 */
export function boardArchitecture(root: DtNode, source: string): Pick<Board, 'arch' | 'archBy'> {
  const found = cpuArchitecture(cpuFacts(root));
  const modelled = architectureNames();
  if (found === undefined) {
    const arch = rootArchitecture(compatibleOf(root));
    return arch === undefined ? {} : { arch, archBy: 'compatible' };
  }
  if (modelled.includes(found.name)) return { arch: found.name, archBy: 'cpus' };
  const node = childCalled(root, 'cpus') ?? root;
  throw new InvalidInput([
    {
      code: 'board-architecture',
      severity: 'error',
      message: `this is ${found.board}; only ${modelled.join(', ')} are modelled`,
      position: node.position ?? root.position ?? { file: source },
      path: `/${node.name}`,
      hint: 'another kernel would arrange its memory otherwise: leave /cpus out if it is only the regions that you ask about',
    },
  ]);
}
