/** What the preloaded carrier goes along with: processes, programs, and paths. */
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile, hasCompiler } from './native-programs.ts';
import { dmaheap } from './run-exec.ts';

const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const program = (name: string): string => projectPath(`test/native/programs/${name}.c`);

const run = (...command: readonly string[]) =>
  dmaheap(['exec', '--board', BOARD, '--kernel', '7.3', '--', ...command]);

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');

describe.for(['glibc', 'musl'] as const)('a program of %s', (libc) => {
  describe.skipIf(!hasCompiler(libc))('', () => {
    it('has its heaps and descriptors in every child and after every exec', async () => {
      const { stdout } = await run(compile(program('children'), libc));
      const told = lines(stdout);
      expect(told.filter((line) => !line.endsWith(': 3'))).toEqual([]);
      expect(told).toHaveLength(process.arch === 'x64' ? 20 : 19);
    });

    it('sees the heaps in a listing of /dev', async () => {
      const { stdout } = await run(compile(program('lists'), libc));
      expect(stdout).toBe('readdir 1, again 1, getdents64 1, scandir 1\n');
    });

    it('finds heaps by every name, and itself in /proc as on Linux', async () => {
      const { stdout } = await run(compile(program('paths'), libc));
      expect(lines(stdout)).toEqual([
        'stat: ok',
        'lstat: ok',
        'one inode: yes',
        'a null path: Bad address',
        'a bad struct: Bad address',
        'chdir to /dev: ok',
        'below it: ok',
        'chdir: ok',
        'getcwd: /dev/dma_heap',
        libc === 'glibc'
          ? 'too small for it: Numerical result out of range'
          : 'too small for it: Result not representable',
        'relative: ok',
        'chdir ..: ok',
        'getcwd then: /dev',
        'realpath: /dev/dma_heap/system',
        'glob: 0, 4 names, /dev/dma_heap/default_cma_region',
        'scandir: 6, video-cma@60000000 of type 2',
        'sockets that it did not open: 0',
        'fopen, allocation by fileno: ok',
        'getc: -1 Invalid argument',
        'fclose: ok',
        'in /proc/devices: 1',
        'in /proc/self/maps: 1, as files 0, mapped',
        'link of the buffer: /dmabuf:',
        'open of that link: No such device or address',
        "open of the heap's: ok",
        'fdinfo size:\t8192',
        'fdinfo exp_name:\tsystem',
      ]);
    });
  });
});

describe('common tools', () => {
  it('find the heaps', async () => {
    const { stdout } = await run('find', '/dev/dma_heap', '-type', 'c');
    expect([...lines(stdout)].sort()).toEqual([
      '/dev/dma_heap/default_cma_region',
      '/dev/dma_heap/linux,cma',
      '/dev/dma_heap/system',
      '/dev/dma_heap/video-cma@60000000',
    ]);
  });

  it('show what they are', async () => {
    const { stdout, stderr } = await run(
      'sh',
      '-c',
      'stat -c %t:%T /dev/dma_heap/linux,cma; ls -l /dev/dma_heap',
    );
    const [numbers, , ...nodes] = lines(stdout);
    expect(numbers).toBe('fe:2');
    expect(nodes.map((line) => line.replace(/^(\S+) .* (\d+, \d+) .* (\S+)$/, '$1 $2 $3'))).toEqual([
      'crw------- 254, 1 default_cma_region',
      'crw------- 254, 2 linux,cma',
      'crw------- 254, 0 system',
      'crw------- 254, 3 video-cma@60000000',
    ]);
    expect(stderr).not.toContain('ls:');
  });

  it('change into the directory, and link to a heap', async () => {
    const { stdout } = await run(
      'sh',
      '-c',
      'd=$(mktemp -d); ln -s /dev/dma_heap/system $d/heap; test -c $d/heap && readlink -f $d/heap; rm -r $d; cd /dev/dma_heap && pwd && echo *',
    );
    expect(lines(stdout)).toEqual([
      '/dev/dma_heap/system',
      '/dev/dma_heap',
      'default_cma_region linux,cma system video-cma@60000000',
    ]);
  });
});
