/** What a tree says of a board's processors, and whether the model knows boards of that sort. */
import { childCalled } from '../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { stringsOf } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { type CpuFacts, cpuArchitecture } from '../profile/cpu-architecture.ts';
import { architectureNames } from '../profile/profile.ts';

const compatibleOf = (node: DtNode): readonly string[] =>
  stringsOf(getProperty(node, 'compatible')?.value ?? new Uint8Array());

function cpuFacts(root: DtNode): CpuFacts {
  const nodes = (childCalled(root, 'cpus')?.children ?? []).filter(({ name }) =>
    /^(cpu@|PowerPC)/.test(name),
  );
  return {
    compatible: nodes.flatMap((node) => [...compatibleOf(node), ...node.name.split('@').slice(0, 1)]),
    properties: nodes.flatMap(({ properties }) => properties.map(({ name }) => name)),
    timers: root.children.flatMap(compatibleOf),
  };
}

/**
 * The architecture that a board's processors are of, where its tree says so.
 *
 * @throws InvalidInput when that is one whose kernel would arrange its memory as no model here does
 */
export function boardArchitecture(root: DtNode, source: string): string | undefined {
  const found = cpuArchitecture(cpuFacts(root));
  const modelled = architectureNames();
  if (found === undefined || modelled.includes(found.name)) return found?.name;
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
