/** The files of a target below a directory of their own, for the capture script to read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { pastedTexts, type Target } from './random-target.ts';

/** What nobody is to see of a target. */
export const SECRETS = ['c0:ff:ee:12:34:56', 'SN0042XYZ', 'deadbeefcafe', '0c4de5ec'];

/** Writes /proc, /sys and /dev as far as a kernel here has them, and secrets among them. */
export function writeTarget(root: string, target: Target, release: string): void {
  const put = (path: string, content: string | Uint8Array) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const secretWords = ' androidboot.serialno=SN0042XYZ ethaddr=c0:ff:ee:12:34:56 rng_seed=deadbeefcafe';
  const cmdline = `${target.board.bootargs}${secretWords}`;
  for (const { file, text: plain } of pastedTexts(target, release)) {
    const text = plain.replace(
      `Kernel command line: ${target.board.bootargs}`,
      `Kernel command line: ${cmdline}`,
    );
    if (file === 'dmesg.txt') {
      const secret = `[    1.2] eth0: MAC address c0:ff:ee:12:34:56\n[    1.3] usb 1-1: SerialNumber: SN0042XYZ\n`;
      put('capture/dmesg', `${text}\n${secret}`);
    } else put(file, text);
  }
  put('proc/version', `Linux version ${release} (builder@buildhost) (aarch64-linux-gnu-gcc 13)\n`);
  put(
    'proc/cmdline',
    `${cmdline}
`,
  );
  put('proc/pagetypeinfo', 'Page block order: 9\n');
  let fd = 10;
  for (const { ino, size, expName, name } of target.kernel.buffers()) {
    const named = name === undefined ? '' : `name:\t${name}\n`;
    put(
      `proc/77/fdinfo/${fd++}`,
      `pos:\t0\nflags:\t02000002\nmnt_id:\t13\nino:\t${ino}\nsize:\t${size}\ncount:\t1\nexp_name:\t${expName}\n${named}`,
    );
  }
  put('proc/77/fdinfo/0', 'pos:\t0\nflags:\t02\n');
  put('proc/77/comm', 'camera-app\n');
  const { tree } = target.board;
  if (tree !== undefined) putNode(put, 'proc/device-tree', tree.root);
  put('proc/device-tree/chosen/rng-seed', Uint8Array.from([0x0c, 0x4d, 0xe5, 0xec]));
  put('proc/device-tree/serial-number', 'SN0042XYZ\0');
}

function putNode(put: (path: string, content: Uint8Array) => void, path: string, node: DtNode): void {
  for (const { name, value } of node.properties) put(`${path}/${name}`, value);
  for (const child of node.children) putNode(put, `${path}/${child.name}`, child);
}
