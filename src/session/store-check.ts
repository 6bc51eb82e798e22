/** Whether store.mdb can be handed to LMDB, which maps it into memory and trusts what it finds. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileError, REBOOT, SessionError, systemCode } from './session-error.ts';

/** @returns false when there is no store yet @throws SessionError when it is damaged */
export function checkStore(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw fileError(error, `read ${path}`);
  }
  try {
    const page = Buffer.alloc(4096);
    const length = readSync(fd, page, 0, page.length, 0);
    if (length === 0) return false;
    if (length < page.length || page.readUInt32LE(24) !== 0xbeefc0de) {
      throw new SessionError('session-damaged', `${path} is no store`, REBOOT);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}
