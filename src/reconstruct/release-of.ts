/** Which kernel it was. */
import { KERNELS } from '../profile/kernels.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { releasesThatPrint } from '../profile/release-by-log.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';

/** The release to boot as `--kernel` takes it; `undefined` where nothing tells. */
export function releaseOf(facts: Facts, tell: Tell): string | undefined {
  const last = facts.releases.at(-1);
  const messages = [...facts.logLines.map(({ message }) => message), ...signsOf(facts)];
  if (last === undefined) return releaseByForm(messages, tell);
  for (const other of facts.releases) {
    if (other.release === last.release) continue;
    tell({
      kind: 'contradiction',
      code: 'two-kernels',
      message: `Linux ${other.release} here, and ${last.release} in ${last.at.file}:${last.at.line}`,
      taken: `Linux ${last.release}, which comes last`,
      at: other.at,
    });
  }
  const release = known(last.release);
  if (release !== last.release) {
    const oldest = KERNELS[0]?.release;
    const taken = release ?? oldest;
    tell({
      kind: 'guess',
      code: 'kernel-not-known',
      message: `there are no facts about Linux ${last.release}`,
      taken: `Linux ${resolved(taken)}, the nearest that is known; what is otherwise between them does not show`,
      at: last.at,
    });
    return taken;
  }
  if (messages.length > 0 && releasesThatPrint(messages).length === 0) {
    tell({
      kind: 'contradiction',
      code: 'log-of-another-kernel',
      message: `the log has lines that no one kernel prints together: it may be of two machines, or of a changed kernel`,
      taken: `Linux ${last.release}`,
      at: last.at,
    });
  }
  return release;
}

/** The release that a name stands for. */
function resolved(name: string | undefined): string {
  const named = name === undefined ? undefined : nameKernel(name);
  return named !== undefined && 'release' in named ? named.release : (name ?? '');
}

/** As it is, or `nearest:…` where its update or release is not known. */
function known(release: string): string | undefined {
  if ('release' in nameKernel(release)) return release;
  const nearest = `nearest:${release}`;
  return 'release' in nameKernel(nearest) ? nearest : undefined;
}

function releaseByForm(messages: readonly string[], tell: Tell): string | undefined {
  const all = releasesThatPrint(messages);
  const newest = all.at(-1);
  if (newest === undefined) {
    tell({
      kind: 'contradiction',
      code: 'log-of-another-kernel',
      message: 'the log has lines that no one kernel prints together',
      taken: `Linux ${KERNELS.at(-1)?.release}`,
    });
    return undefined;
  }
  const which = all.length === 1 ? `only Linux ${newest} shows` : `Linux ${all[0]} to ${newest} show`;
  tell({
    kind: 'guess',
    code: 'kernel-guessed',
    message:
      all.length === KERNELS.length
        ? 'no line "Linux version …", and nothing else that tells the kernel'
        : `no line "Linux version …"; what is here ${which}`,
    taken: `Linux ${newest}; --kernel says which it was`,
  });
  return newest;
}

/** Forms of files, as lines. */
function signsOf({ signs, meminfo, heapNodes }: Facts): readonly string[] {
  const found = [...signs];
  // A file of which a part was left out says nothing by what it lacks.
  if (meminfo.has('VmallocTotal') && meminfo.has('Percpu') && meminfo.has('MemTotal')) {
    for (const name of ['GPUActive', 'Balloon', 'SecPageTables']) {
      found.push(`meminfo ${meminfo.has(name) ? '' : 'without '}${name}`);
    }
  }
  if (heapNodes.some(({ name }) => name === 'default_cma_region')) found.push('heap default_cma_region');
  return found;
}
