/** One command line for each command there is, in an order in which each finds what it needs. */
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { projectPath } from '../small-board.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const OVERLAY = projectPath('fixtures/boards/run-time.dtso');
const SCENARIO = projectPath('fixtures/scenarios/ci-gate.yaml');
const CAMERA = 'a200000.camera';
const PAGES = '@0x60400000:64K';

/** Lines of words; the first ones that are no option's are the command's path. */
export const COMMAND_LINES: readonly (readonly string[])[] = [
  ['capture'],
  ['playground'],
  ['reconstruct', projectPath('fixtures/reconstruct/dmesg-as-board.txt')],
  ['boot', BOARD],
  ['reboot'],
  ['session', 'info'],
  ['session', 'path'],
  ['session', 'check'],
  ['session', 'compact'],
  ['dt', BOARD],
  ['dt', 'show', '/reserved-memory'],
  ['diff', BOARD, BOARD],
  ['boards', BOARD],
  ['check', BOARD],
  ['check', '--list-checks'],
  ['config'],
  ['fit', BOARD, '2x1M@system'],
  ['kernels'],
  ['list'],
  ['regions'],
  ['alloc', 'system', '64K', '--count', '3'],
  ['show', '4'],
  ['why', 'system', '64K'],
  ['buffers'],
  ['memmap'],
  ['dmesg'],
  ['hazards'],
  ['leaks'],
  ['sleep', '6'],
  ['age', 'default_cma_region', '--steps', '8', '--no-keep'],
  ['fill', '4', '0xaa'],
  ['write', '4:0', '--input', BOARD],
  ['read', '4:0:4K'],
  ['dump', '4:0:4K'],
  ['sum', '4'],
  ['cmp', '4', '5'],
  ['sync', '4', '--start', '--read'],
  ['mmap', '4'],
  ['munmap', '1'],
  ['tasks'],
  ['task', 'add', 'camera'],
  ['task', 'fork', 'child'],
  ['task', 'send', '4', 'camera'],
  ['task', 'exec', 'camera'],
  ['task', 'exit', 'camera'],
  ['devices'],
  ['device', 'add', 'extra', '--mask', '40'],
  ['device', 'set', 'extra', '--mask', '32'],
  ['device', 'rm', 'extra'],
  ['device', 'show', CAMERA],
  ['alloc', 'video-cma@60000000', '64K'],
  ['device', 'attach', CAMERA, '7'],
  ['device', 'map', CAMERA, '7'],
  ['device', 'unmap', CAMERA, '7'],
  ['device', 'detach', CAMERA, '7'],
  ['device', 'probe', CAMERA],
  ['device', 'alloc', CAMERA, '1M'],
  ['device', 'free', '1'],
  ['device', 'vb2', CAMERA, '2', '64K', '32K'],
  ['device', 'drm', CAMERA, '64', '64', '32'],
  ['device', 'release', CAMERA],
  ['free', '7'],
  // What runs a program needs a compiler: test/native.
  ['exec', '--help'],
  ['run', SCENARIO],
  ['replay', SCENARIO],
  ['report', SCENARIO],
  ['export'],
  ['fault', 'add', 'errno=ENOMEM,nth=1000'],
  ['fault', 'list'],
  ['fault', 'rm', '1'],
  ['pin', PAGES],
  ['unpin', PAGES],
  ['modprobe', 'system_heap'],
  ['overlay', 'apply', OVERLAY],
  ['cat', '/proc/iomem'],
  ['ls', '/dev/dma_heap'],
  ['echo', '1', '/sys/kernel/debug/cma/video-cma@60000000/alloc'],
  ['mkdir', '/sys/fs/cgroup/a'],
  ['rmdir', '/sys/fs/cgroup/a'],
  ['open', 'system'],
  ['dup', '4'],
  ['name', '4', 'frame'],
  ['ioctl', '4', 'DMA_BUF_IOCTL_SYNC', '0700000000000000'],
  ['fcntl', '4', 'F_GETFL'],
  ['lseek', '4', '0', 'SEEK_END'],
  ['poll', '4'],
  ['stat', '4'],
  ['call', 'read', '3', '16'],
  ['call', 'write', '3', '00'],
  ['call', 'pread64', '3', '16', '0'],
  ['call', 'pwrite64', '3', '00', '0'],
  ['call', 'ftruncate', '4', '0'],
  ['call', 'mmap', '4', '4096', 'PROT_READ', 'MAP_SHARED'],
  ['call', 'mprotect', '1', '0', '4096', 'PROT_NONE'],
  ['call', 'mremap', '1', '0', '4096', '4096', '0'],
  ['call', 'munmap', '1', '0', '4096'],
  ['call', 'setrlimit', '256'],
  ['device', 'add', 'gpu', '--importer', 'drm'],
  ['open', '/dev/dri/card0'],
  ['drm', 'import', '8', '4'],
  ['drm', 'export', '8', '1'],
  ['drm', 'release', '8', '1'],
  ['completion', 'bash'],
  ['help'],
  ['help', 'alloc'],
  ['alloc', '--help'],
  ['--version'],
  ['__complete', ''],
  ['session', 'rm'],
];

/** The paths of all commands that do something, as the program has them: `device attach`. */
export async function commandPaths(): Promise<string[]> {
  const silent = { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false };
  const paths = (command: Command, path: readonly string[]): string[] =>
    command.commands.flatMap((child) => {
      const here = [...path, child.name()];
      // A group of commands takes no arguments itself; dt does.
      const does = child.commands.length === 0 || child.registeredArguments.length > 0;
      return [...(does ? [here.join(' ')] : []), ...paths(child, here)];
    });
  return paths(await createProgram({ streams: silent, env: {}, cwd: '/' }), []);
}
