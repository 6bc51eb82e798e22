import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { checkFileSystem, fileSystemKind } from '../../src/session/file-system.ts';

it.each([
  ['NFS', 0x6969, { refused: 'NFS' }],
  ['SMB 2', 0xfe534d42, { refused: 'SMB' }],
  // As statfs(2) gives it where numbers are signed.
  ['CIFS', 0xff534d42 | 0, { refused: 'CIFS' }],
  ['9p', 0x01021997, { refused: '9p' }],
  ['FUSE', 0x65735546, { doubtful: 'FUSE' }],
  ['ext4', 0xef53, undefined],
  ['tmpfs', 0x01021994, undefined],
])('a session on %s', (_, type, kind) => {
  expect(fileSystemKind(type)).toEqual(kind);
});

it('a local directory is taken', () => {
  expect(() => checkFileSystem(tmpdir())).not.toThrow();
});
