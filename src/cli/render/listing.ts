/** Files as `ls` prints them. Times and numbers of links are not there: the emulator keeps none. */

import { escapeText } from '../../escape-text.ts';
import type { VirtualNode } from '../../kernel/virtual-files/index.ts';
import { modeText } from '../json/json.ts';

export interface ListedFile {
  readonly name: string;
  readonly node: VirtualNode;
}

const TYPES: Readonly<Record<VirtualNode['kind'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  device: 'c',
};

/** `crw-rw----`. */
export function modeString({ kind, mode }: Pick<VirtualNode, 'kind' | 'mode'>): string {
  const bits = [...'rwxrwxrwx'].map((letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
  return TYPES[kind] + bits.join('');
}

/** A size, of a device its numbers. */
const sizeText = (node: VirtualNode): string =>
  node.kind === 'device' ? `${node.major}, ${node.minor}` : String(node.size ?? 0);

/** Names, one a line; with `long` mode, owner, group, size, name and target. */
export function renderListing(files: readonly ListedFile[], long: boolean): string {
  if (!long) return files.map(({ name }) => `${escapeText(name)}\n`).join('');
  const rows = files.map(({ name, node }) => ({
    mode: modeString(node),
    uid: String(node.uid ?? 0),
    gid: String(node.gid ?? 0),
    size: sizeText(node),
    name: escapeText(name) + (node.kind === 'symlink' ? ` -> ${escapeText(node.target)}` : ''),
  }));
  const width = (key: 'uid' | 'gid' | 'size') => Math.max(0, ...rows.map((row) => row[key].length));
  const [uid, gid, size] = [width('uid'), width('gid'), width('size')];
  return rows
    .map(
      (row) =>
        `${row.mode} ${row.uid.padStart(uid)} ${row.gid.padStart(gid)} ${row.size.padStart(size)} ${row.name}\n`,
    )
    .join('');
}

/** As a member of an answer. */
export const listedJson = ({ name, node }: ListedFile): Readonly<Record<string, unknown>> => ({
  name,
  type: node.kind,
  mode: modeText(node.mode),
  uid: node.uid ?? 0,
  gid: node.gid ?? 0,
  size: node.size ?? 0,
  major: node.kind === 'device' ? node.major : null,
  minor: node.kind === 'device' ? node.minor : null,
  target: node.kind === 'symlink' ? node.target : null,
});
