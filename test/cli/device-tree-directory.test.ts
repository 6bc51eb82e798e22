import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDeviceTreeDirectory } from '../../src/cli/read/device-tree-directory.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { projectPath } from '../small-board.ts';

function directory(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-tree-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const shape = ({ name, properties, children }: DtNode): unknown => ({
  [name === '' ? '/' : name]: [
    ...properties.map((property) => `${property.name}=${Buffer.from(property.value).toString('latin1')}`),
    ...children.map(shape),
  ],
});

test('a directory a node, a file a property, sorted; names and links left out', () => {
  const dir = directory({
    model: 'm\0',
    name: '\0',
    'soc@0/video@1000/reg': '\0\0\x10\0',
    'soc@0/video@1000/name': 'video\0',
    'soc@0/ranges': '',
    'chosen/bootargs': 'quiet\0',
  });
  symlinkSync('.', join(dir, 'circle'));
  symlinkSync('model', join(dir, 'link'));
  spawnSync('mkfifo', [join(dir, 'pipe')]);
  const { tree, warnings } = readDeviceTreeDirectory(dir);
  expect(shape(tree.root)).toEqual({
    '/': [
      'model=m\0',
      { chosen: ['bootargs=quiet\0'] },
      { 'soc@0': ['ranges=', { 'video@1000': ['reg=\0\0\x10\0'] }] },
    ],
  });
  expect(warnings).toEqual([]);
  expect(tree.root.children[0]?.properties[0]?.position).toEqual({ file: join(dir, 'chosen/bootargs') });
});

test('a property for root alone is left out with a warning', () => {
  const dir = directory({ model: 'm\0', 'security-key': 'x' });
  chmodSync(dir, 0o755);
  chmodSync(join(dir, 'security-key'), 0o400);
  // The other user loads the command from where everybody may: a clone can lie below a directory of root's.
  const built = directory({});
  chmodSync(built, 0o755);
  for (const part of ['bin', 'dist']) {
    cpSync(projectPath(part), join(built, part), {
      recursive: true,
      filter: (file) => !file.endsWith('lib'),
    });
  }
  const command = join(built, 'bin/dmaheap.cjs');
  // Threads cannot change their user, a process can.
  const script = `
    if (process.getuid?.() === 0) process.seteuid?.(65534); else require('node:fs').chmodSync(process.argv[1] + '/security-key', 0);
    process.argv.splice(1, 0, 'dmaheap', 'dt');
    require(${JSON.stringify(command)});`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script, dir], { encoding: 'utf8' });
  expect(stdout).toContain('model = "m";');
  expect(stdout).not.toContain('security-key');
  expect(stderr).toBe(`${dir}/security-key: warning: the property is left out: permission denied\n`);
});

test('what is no tree is refused', () => {
  expect(() => readDeviceTreeDirectory(directory({ readme: '' }))).toThrow(/is a directory, not a board/);
  expect(() => readDeviceTreeDirectory(directory({ model: '', [`${'d/'.repeat(70)}x`]: '' }))).toThrow(
    /nested more than 64 deep/,
  );
  expect(() => readDeviceTreeDirectory(join(directory({}), 'nowhere'))).toThrow(/cannot be read \(ENOENT\)/);
});
