/** An overlay on the running kernel, and what becomes of what it brings: of most of it Linux says nothing. */
import { decodeDtb } from '../devicetree/dtb.ts';
import { childCalled, propertyCalled } from '../devicetree/node-lookup.ts';
import type { DtNode } from '../devicetree/tree.ts';
import { cellsOf, textOf } from '../devicetree/value.ts';
import type { Caller } from './caller.ts';
import type { Outcome } from './outcome.ts';

/** A node with a `memory-region` that boot did not reserve. */
export interface UnreservedUser {
  /** Its path. */
  readonly device: string;
  readonly region: string;
  /**
   * What of_reserved_mem_device_init() of its driver answers: -EINVAL, as no reserved_mem has the node's phandle; 0, and no pool,
   * where the region's node is not available.
   */
  readonly errno?: 'EINVAL';
}

/** What is new with an overlay. */
export interface OverlayEffects {
  /** Nodes of /reserved-memory that came after boot: no memory is reserved for them. */
  readonly ignored: readonly string[];
  readonly users: readonly UnreservedUser[];
  /** Devices by name. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Applies it. @param overlay compiled */
export function applyOverlayTo(
  { kernel, task }: Caller,
  overlay: Uint8Array,
): Outcome & { readonly effects?: OverlayEffects } {
  const names = () => kernel.devices().map(({ name }) => name);
  const before = names();
  const late = () => unreserved(rootOf(kernel.bootTree()), rootOf(kernel.liveTree()));
  const then = late();
  const result = kernel.syscall(task, { call: 'of_overlay_fdt_apply', overlay });
  if (result.ret < 0) return result;
  const after = names();
  const now = late();
  return {
    ...result,
    effects: {
      ignored: now.ignored.filter((name) => !then.ignored.includes(name)),
      users: now.users.filter(
        ({ device, region }) =>
          !then.users.some((known) => known.device === device && known.region === region),
      ),
      added: after.filter((name) => !before.includes(name)),
      removed: before.filter((name) => !after.includes(name)),
    },
  };
}

const rootOf = (blob: Uint8Array | undefined): DtNode | undefined => blob && decodeDtb(blob, 'the tree').root;

const regionNodes = (root: DtNode | undefined): readonly DtNode[] =>
  (root && childCalled(root, 'reserved-memory'))?.children ?? [];

/** of_device_is_available() */
function isAvailable(node: DtNode): boolean {
  const status = propertyCalled(node, 'status');
  return status === undefined || ['ok', 'okay'].includes(textOf(status.value));
}

const phandleOf = (node: DtNode): number | undefined => {
  const property = propertyCalled(node, 'phandle');
  return property && cellsOf(property.value)[0];
};

/** Regions that the live tree has and boot had not, and who points to them. */
export function unreserved(
  boot: DtNode | undefined,
  live: DtNode | undefined,
): Pick<OverlayEffects, 'ignored' | 'users'> {
  if (live === undefined) return { ignored: [], users: [] };
  const known = new Set(regionNodes(boot).map(({ name }) => name));
  const late = regionNodes(live).filter(({ name }) => !known.has(name));
  const byPhandle = new Map<number, DtNode>();
  for (const node of late) {
    const phandle = phandleOf(node);
    if (phandle !== undefined) byPhandle.set(phandle, node);
  }
  const users: UnreservedUser[] = [];
  const visit = (node: DtNode, path: string): void => {
    const property = propertyCalled(node, 'memory-region');
    for (const phandle of property === undefined ? [] : cellsOf(property.value)) {
      const region = byPhandle.get(phandle);
      if (region === undefined) continue;
      const errno = isAvailable(region) ? ({ errno: 'EINVAL' } as const) : {};
      users.push({ device: path, region: region.name, ...errno });
    }
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(live, '');
  return { ignored: late.map(({ name }) => name), users };
}
