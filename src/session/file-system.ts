/** Which file systems a session can be kept on: its locks and shared maps must be those of one kernel. */
import { statfsSync } from 'node:fs';
import { SessionError } from './session-error.ts';

/** The numbers that statfs(2) gives, by the names that people know. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
]);

const FUSE = 0x65735546;

export type FileSystemKind = { readonly refused: string } | { readonly doubtful: string } | undefined;

/** What statfs(2)'s type says. */
export function fileSystemKind(type: number): FileSystemKind {
  const network = NETWORK.get(type >>> 0);
  if (network !== undefined) return { refused: network };
  return type >>> 0 === FUSE ? { doubtful: 'FUSE' } : undefined;
}

/** @throws SessionError where locks are not those of one kernel */
export function checkFileSystem(dir: string): void {
  const kind = kindOf(dir);
  if (kind === undefined || !('refused' in kind)) return;
  throw new SessionError(
    'session-unreadable',
    `${dir} is on ${kind.refused}, where the locks of a session do not hold`,
    'name a directory on a local disk with --session',
  );
}

/** What to warn of at boot. */
export function doubtfulFileSystem(dir: string): string | undefined {
  const kind = kindOf(dir);
  if (kind === undefined || !('doubtful' in kind)) return undefined;
  return `${dir} is on ${kind.doubtful}: whether its locks hold depends on what is behind it; a local disk is safer`;
}

function kindOf(dir: string): FileSystemKind {
  try {
    return fileSystemKind(statfsSync(dir).type);
  } catch {
    return undefined;
  }
}
