/** heap-node.c: the directory /dev/dma_heap and its nodes. */
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { S_IFCHR, S_IFDIR, S_IFMT, type Stat } from '../../../src/uapi/stat.ts';
import { PAGE, type Program, RDWR } from './libc.ts';

const DIR = '/dev/dma_heap';
const KINDS: Readonly<Record<number, string>> = { [S_IFCHR]: 'character', [S_IFDIR]: 'directory' };
const TYPES: Readonly<Record<number, string>> = { 2: 'DT_CHR', 4: 'DT_DIR' };
const minor = (dev: bigint): bigint => (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
const major = (dev: bigint): bigint => (dev >> 8n) & 0xfffn;

const kind = ({ st_mode }: Stat): string => KINDS[st_mode & S_IFMT] ?? 'other';
const typeAndMode = (stat: Stat): string =>
  `${kind(stat)} ${(stat.st_mode & 0o7777).toString(8).padStart(4, '0')}`;

/** What readdir(3) gives, by name. */
function entries(the: Program, fd: number): (readonly [name: string, type: string])[] {
  const buf = new Uint8Array(4096);
  const { ret } = the.sys({ call: 'getdents64', fd, buf });
  const view = new DataView(buf.buffer);
  const found: (readonly [string, string])[] = [];
  for (let at = 0; at < ret; at += view.getUint16(at + 16, true)) {
    const length = view.getUint16(at + 16, true);
    const name =
      Buffer.from(buf.subarray(at + 19, at + length))
        .toString()
        .split('\0')[0] ?? '';
    found.push([name, TYPES[buf[at + 18] ?? 0] ?? 'other']);
  }
  // strcmp() over "NAME: d_type".
  return found.sort(([a], [b]) => (`${a}:` < `${b}:` ? -1 : 1));
}

function must(stat: ReturnType<Program['stat']>): Stat {
  if (typeof stat === 'string') throw new Error(stat);
  return stat;
}

export function heapNode(the: Program): void {
  const { O_DIRECTORY, O_DIRECT, O_NOFOLLOW } = the.kernel.profile.arch.openFlags;
  const { path, heap: h } = the;
  const directory = must(the.stat(DIR));
  the.tell('stat of the directory', '0');
  the.tell('its type and mode', typeAndMode(directory));
  the.tell('its nlink', String(directory.st_nlink));
  the.tell('its owner', `${directory.st_uid} ${directory.st_gid}`);
  const dir = the.open(DIR, O_DIRECTORY).ret;
  const all = entries(the, dir);
  the.close(dir);
  for (const [name, type] of all) the.lines.push(`entry ${name}: d_type ${type}`);
  for (const [name] of all.filter(([name]) => !name.startsWith('.'))) {
    const node = must(the.stat(`${DIR}/${name}`));
    the.lines.push(
      `node ${name}: ${typeAndMode(node)}, minor ${minor(node.st_rdev)}, size ${node.st_size}, nlink ${node.st_nlink}`,
    );
  }
  const opened = must(the.fstat(h));
  the.tell('fstat', '0');
  the.tell('type and mode', typeAndMode(opened));
  the.tell('same inode by path', the.same(opened, the.stat(path)));
  the.tell('major', String(major(opened.st_rdev)));
  the.tell('lstat type', kind(must(the.stat(path, fcntl.AT_SYMLINK_NOFOLLOW))));
  const line = the
    .cat('/proc/devices')
    .split('\n')
    .find((text) => text.includes('dma_heap'));
  the.tell('in /proc/devices', line ?? '');
  const statx = must(the.stat(path));
  const same = (what: (dev: bigint) => bigint) =>
    what(statx.st_rdev) === what(opened.st_rdev) ? 'same' : 'other';
  the.tell('statx', `${kind(statx)}, major ${same(major)}, minor ${same(minor)}, size ${statx.st_size}`);
  const access = (name: string, where: string, mode: number, flags = 0): void =>
    the.res(name, the.sys({ call: 'faccessat', path: where, mode, flags }));
  access('access F_OK', path, 0);
  access('access R_OK W_OK', path, fcntl.R_OK | fcntl.W_OK);
  access('access X_OK', path, fcntl.X_OK);
  access('faccessat AT_EACCESS', path, fcntl.R_OK, fcntl.AT_EACCESS);
  access('access of a heap that is not', `${DIR}/none`, 0);
  access('access below the node', `${path}/x`, 0);
  const { O_RDWR, O_CREAT, O_EXCL, O_PATH } = fcntl;
  const flags: readonly (readonly [string, number])[] = [
    ['O_RDONLY', 0],
    ['O_WRONLY', 1],
    ['O_RDWR', O_RDWR],
    ['O_ACCMODE', 3],
    ['O_DIRECTORY', O_DIRECTORY],
    ['O_RDWR O_TRUNC', O_RDWR | fcntl.O_TRUNC],
    ['O_RDWR O_CREAT', O_RDWR | O_CREAT],
    ['O_RDWR O_CREAT O_EXCL', O_RDWR | O_CREAT | O_EXCL],
    ['O_RDWR O_EXCL', O_RDWR | O_EXCL],
    ['O_RDWR O_NONBLOCK', O_RDWR | fcntl.O_NONBLOCK],
    ['O_RDWR O_APPEND', O_RDWR | fcntl.O_APPEND],
    ['O_RDWR O_DIRECT', O_RDWR | O_DIRECT],
    ['O_RDWR O_SYNC', O_RDWR | 0o4010000],
    ['O_RDWR O_NOFOLLOW', O_RDWR | O_NOFOLLOW],
    ['O_RDWR O_NOATIME', O_RDWR | fcntl.O_NOATIME],
    ['O_RDWR O_TMPFILE', O_RDWR | fcntl.O_TMPFILE | O_DIRECTORY],
    ['O_PATH', O_PATH],
    ['O_PATH O_DIRECTORY', O_PATH | O_DIRECTORY],
  ];
  for (const [name, how] of flags) {
    const made = the.open(path, how);
    the.made(`open ${name}`, made);
    if (made.ret < 0) continue;
    const buffer = the.get(made.ret, PAGE, RDWR);
    the.made(`open ${name}, alloc`, buffer);
    if (buffer.ret >= 0) the.close(buffer.ret);
    the.close(made.ret);
  }
  the.made('creat', the.open(path, fcntl.O_WRONLY | O_CREAT | fcntl.O_TRUNC));
  the.made('open a heap that is not', the.open(`${DIR}/none`, O_RDWR));
  the.made('open below the node', the.open(`${path}/x`, O_RDWR));
  the.made('open with a slash behind', the.open(`${path}/`, O_RDWR));
  the.made('open the directory O_RDWR', the.open(DIR, O_RDWR));
  the.made('open a long name', the.open(`/${'x'.repeat(399)}`, O_RDWR));
  const again = the.open(DIR, O_DIRECTORY);
  the.made('open the directory', again);
  // What stands at the directory is the same as what stands at its path.
  const name = path.slice(DIR.length + 1);
  the.made('openat', the.open(`${DIR}/${name}`, O_RDWR));
  the.made('openat ../dma_heap', the.open(`${DIR}/../dma_heap/system`, O_RDWR));
  access('faccessat', `${DIR}/${name}`, fcntl.R_OK);
  const stated = (what: string, how: number): void => {
    const stat = the.stat(`${DIR}/${name}`, how);
    the.tell(what, typeof stat === 'string' ? stat : '0');
  };
  stated('fstatat', 0);
  stated('fstatat no follow', fcntl.AT_SYMLINK_NOFOLLOW);
  the.res('ALLOC on the directory', the.get(again.ret, PAGE, O_RDWR));
  the.res('chdir', the.sys({ call: 'chdir', path: DIR }));
  the.made('open relative', the.open(name, O_RDWR));
  const found = the.kernel.lookup(path);
  the.tell('realpath', 'path' in found ? found.path : found.errno);
  the.res('readlink', the.sys({ call: 'readlinkat', path, buf: new Uint8Array(9) }));
  the.res('truncate', the.sys({ call: 'truncate', path, length: 0n }));
  the.res('rmdir', the.sys({ call: 'rmdir', path: DIR }));
  the.res('link to another file system', the.sys({ call: 'link', path, to: '/tmp/heap-link' }));
  const other = the.open(path, O_RDWR).ret;
  the.control(other, fcntl.F_SETFL, fcntl.O_NONBLOCK);
  const isShared = (the.control(h, fcntl.F_GETFL).ret & fcntl.O_NONBLOCK) !== 0;
  the.tell('two opens are two descriptions', isShared ? 'no' : 'yes');
}
