/**
 * The mark of a server beside its arena, `arena.N.served`: bits of dirty pages are being set without waiting for the disk.
 * In it is which boot of the host that is, and who serves. A kill costs nothing, because the host still has what was written; after another
 * boot of the host bits may be missing, and all pages count as dirty (docs/reliability.md).
 */
import { closeSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createOwn, readOwn, syncDirectory, syncHost, unlinkHost, writeHost } from './host-files.ts';
import { fileError, systemCode } from './session-error.ts';

const LIMIT = 128;

const markPath = (arena: string): string => `${arena}.served`;

/** Which boot of the host this is; empty where the host does not tell. */
function hostBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

const ownMark = (): string => `${hostBoot()} ${process.pid}`;

function readMark(path: string): string | undefined {
  try {
    return Buffer.from(readOwn(path, LIMIT)).toString('latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(error, `read ${path}`);
  }
}

/** Whether a server's arena was cut off by the end of its host. @throws SessionError when it cannot be said */
export function wasCutOff(arena: string): boolean {
  const mark = readMark(markPath(arena));
  if (mark === undefined) return false;
  const [boot = ''] = mark.split(' ');
  return boot === '' || boot !== hostBoot();
}

/** Puts the mark there, on disk. */
export function markServed(arena: string): void {
  const path = markPath(arena);
  try {
    unlinkHost(path);
    const fd = createOwn(path);
    try {
      writeHost(fd, path, Buffer.from(ownMark(), 'latin1'), 0);
      syncHost(fd, path);
    } finally {
      closeSync(fd);
    }
    syncDirectory(dirname(path));
  } catch (error) {
    throw fileError(error, `write ${path}`);
  }
}

/** Takes the mark away, unless another server has put its own there meanwhile: all bits are on disk. */
export function unmarkServed(arena: string): void {
  const path = markPath(arena);
  if (readMark(path) !== ownMark()) return;
  try {
    unlinkHost(path);
  } catch (error) {
    throw fileError(error, `remove ${path}`);
  }
}
