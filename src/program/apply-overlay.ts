/** An overlay on the running kernel, and what becomes of what it brings: of most of it Linux says nothing. */
import { answerOfRef, memoryRegionsNow, type RefRefused } from '../board/region-refs.ts';
import { decodeDtb } from '../devicetree/dtb.ts';
import { childCalled } from '../devicetree/node-lookup.ts';
import type { DtNode } from '../devicetree/tree.ts';
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
  readonly errno?: RefRefused['errno'];
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

/** Regions that the live tree has and boot had not, and who points to them. */
function unreserved(
  boot: DtNode | undefined,
  live: DtNode | undefined,
): Pick<OverlayEffects, 'ignored' | 'users'> {
  if (live === undefined) return { ignored: [], users: [] };
  const known = new Set(regionNodes(boot).map(({ name }) => name));
  const late = regionNodes(live).filter(({ name }) => !known.has(name));
  const users: UnreservedUser[] = [];
  for (const [device, { regionRefs = [] }] of boot === undefined ? [] : memoryRegionsNow(live, boot)) {
    for (const ref of regionRefs) {
      if (ref.late !== true || ref.region === undefined) continue;
      const answer = answerOfRef(ref);
      users.push({ device, region: ref.region, ...('errno' in answer && { errno: answer.errno }) });
    }
  }
  return { ignored: late.map(({ name }) => name), users };
}
