import { groupText } from '../../program/group-names.ts';
import { decodeStat, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG, type Stat } from '../../uapi/stat.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { modeText } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { sizeExact } from '../render/size.ts';
import { renderFacts } from '../terminal/table.ts';
import { readDescriptor } from '../words/arguments.ts';

/** new_decode_dev(). */
const major = (dev: bigint): number => Number((dev & 0xfff00n) >> 8n);
const minor = (dev: bigint): number => Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n));

const TYPES: Readonly<Record<number, string>> = {
  [S_IFCHR]: 'character device',
  [S_IFDIR]: 'directory',
  [S_IFREG]: 'regular file',
};

const typeOf = ({ st_mode }: Stat): string => TYPES[st_mode & S_IFMT] ?? 'anonymous inode';
const modeOf = ({ st_mode }: Stat): string => modeText(st_mode);
const isDevice = ({ st_mode }: Stat): boolean => (st_mode & S_IFMT) === S_IFCHR;

function statText(stat: Stat): string {
  const { st_rdev: rdev } = stat;
  return renderFacts([
    ['type', typeOf(stat)],
    ['mode', modeOf(stat)],
    ['uid', String(stat.st_uid)],
    ['gid', groupText(stat.st_gid)],
    ['size', sizeExact(stat.st_size)],
    ['blocks', `${stat.st_blocks} of 512 bytes`],
    ['block size', String(stat.st_blksize)],
    ['ino', String(stat.st_ino)],
    ...(isDevice(stat) ? [['rdev', `${major(rdev)}:${minor(rdev)}`] as const] : []),
  ]);
}

/** `dmaheap stat FD`: fstat(2). */
export function statCommand({ program, shell }: Registry): void {
  const command = completes(program.command('stat'), 'fd')
    .summary('fstat(2): size, mode, device numbers')
    .description('fstat(2) of a descriptor. Times are not modelled.')
    .argument('<fd>', 'a descriptor')
    .addHelpText('after', examples('dmaheap stat 4', 'dmaheap stat 4 --json | jq .st_size'))
    .action(async (word: string) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('stat');
      const layout = session.view((kernel) => kernel.profile.arch.stat);
      const buf = new Uint8Array(layout.size);
      await makeCalls(sh, session, ({ must }) => must(`stat: ${fd}`, { call: 'fstat', fd, buf }));
      const stat = decodeStat(buf, layout);
      await sh.answer(
        () => ({
          schema: 'dmaheap.stat/1',
          fd,
          type: typeOf(stat),
          st_mode: stat.st_mode,
          mode: modeOf(stat),
          st_uid: stat.st_uid,
          st_gid: stat.st_gid,
          st_size: stat.st_size,
          st_blocks: stat.st_blocks,
          st_blksize: stat.st_blksize,
          st_ino: stat.st_ino,
          major: isDevice(stat) ? major(stat.st_rdev) : null,
          minor: isDevice(stat) ? minor(stat.st_rdev) : null,
        }),
        () => statText(stat),
      );
    });
}
