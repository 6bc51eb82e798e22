/** What a tree says of a board's processors, and whether the model knows boards of that sort. */
import { childCalled } from '../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { stringsOf } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { type CpuFacts, otherArchitecture } from '../profile/cpu-architecture.ts';
import { modelledArchitectures } from '../profile/profile.ts';

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

/** Refuses a board whose memory another architecture's kernel would arrange. @throws InvalidInput */
export function refuseOtherArchitecture(root: DtNode, source: string): void {
  const other = otherArchitecture(cpuFacts(root));
  const modelled = modelledArchitectures();
  if (other === undefined || modelled.includes(other.name)) return;
  const node = childCalled(root, 'cpus') ?? root;
  throw new InvalidInput([
    {
      code: 'board-architecture',
      severity: 'error',
      message: `this is ${other.board}; only ${modelled.join(', ')} is modelled`,
      position: node.position ?? root.position ?? { file: source },
      path: `/${node.name}`,
      hint: 'another kernel would arrange its memory otherwise: leave /cpus out if it is only the regions that you ask about',
    },
  ]);
}
