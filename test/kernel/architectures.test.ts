/** Boots of other architectures than arm64: what they do in another order, and what they refuse. */
import { describe, expect, it } from 'vitest';
import { type Board, boardWithoutTree } from '../../src/board/board.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { cmaDebugfs, procMeminfo } from '../../src/kernel/virtual-files/index.ts';
import { MemoryRecords } from '../../src/records.ts';
import { F_GETFL, MAP_SHARED, O_RDWR, PROT_READ } from '../../src/uapi/fcntl.ts';
import { decodeStat } from '../../src/uapi/stat.ts';
import { GiB, MiB } from '../../src/units.ts';
import {
  alloc,
  board,
  bootBoard,
  cma,
  coherent,
  dynamicCma,
  dynamicPlain,
  node,
  RAM_BASE,
  range,
  topLines,
} from '../small-board.ts';
import { Task } from './machine.ts';

/** What a boot is refused for. */
function refusal(given: Board, params: BootParams): string[] {
  try {
    boot(given, params, new MemoryRecords());
  } catch (error) {
    if (error instanceof InvalidInput) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

const LARGE = { memory: [range(RAM_BASE, GiB)] };
const cmaLines = (log: readonly string[]) => log.filter((line) => /cma:/.test(line));

describe('32-bit arm', () => {
  const arm = (given: Board, params: BootParams = {}) =>
    bootBoard(given, { arch: 'arm', config: { CONFIG_CMA_SIZE_MBYTES: 16 }, ...params });

  it('places the default area in HighMem, before static regions are set up', () => {
    const { log, kernel } = arm(board([cma('first', 0x50000000n, 16n * MiB)], LARGE));
    const told = log.filter((line) => /cma: |created/.test(line));
    expect(told).toEqual([
      '<6>cma: Reserved 16 MiB at 0x7f000000',
      '<6>Reserved memory: created CMA memory pool at 0x50000000, size 16 MiB',
    ]);
    expect(kernel.heaps().map(({ name }) => name)).toEqual([
      'system',
      'default_cma_region',
      'reserved',
      'first',
    ]);
  });

  it('has two areas where a static node is the default, of which the other is listed too', () => {
    const given = board([cma('dt', 0x50000000n, 16n * MiB, { linuxCmaDefault: true })], LARGE);
    const regions = arm(given).kernel.regions();
    expect(regions.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['dt', true],
      ['reserved', false],
    ]);
  });

  it('refuses a fixed area across the end of lowmem, and places others on one side of it', () => {
    const at = (cmdline: string) => cmaLines(arm(board([], LARGE), { cmdline }).log);
    expect(at('cma=64M@0x6e000000')).toEqual([
      '<3>cma: Region at 0x6e000000 defined on low/high memory boundary (0x70000000)',
      '<3>cma: Failed to reserve 64 MiB',
    ]);
    expect(at('cma=64M@0x40000000-0x72000000')).toEqual(['<6>cma: Reserved 64 MiB at 0x6c000000']);
    expect(at('cma=64M@0x40000000-0x76000000')).toEqual(['<6>cma: Reserved 64 MiB at 0x72000000']);
    // size_t and phys_addr_t have 32 bits: 4 GiB is none, 2^32 - 1 is not given.
    expect(at('cma=4G')).toEqual([]);
    expect(at('cma=4294967295')).toEqual(['<6>cma: Reserved 16 MiB at 0x7f000000']);
  });

  it('leaves an area across the end of lowmem without pages', () => {
    const { log } = arm(board([cma('across', 0x6f000000n, 32n * MiB)], LARGE));
    expect(log).toContain('<3>cma: CMA area across could not be activated');
  });

  it('gives a coherent pool without no-map back', () => {
    const { log, kernel } = arm(board([node('pool', { reg: [range(0x50000000n, MiB)] })], LARGE));
    expect(log).toContain('<3>Reserved memory: regions without no-map are not yet supported');
    expect(log).toContain('<6>OF: reserved mem: node pool compatible matching fail');
    expect(kernel.regions()[0]?.why).toBe('coherent-not-no-map');
  });

  it('maps pools as long as there is room for them (source only)', () => {
    const pools = [128n, 128n, 64n].map((mib, i) =>
      coherent(`pool-${i}`, 0x80000000n + BigInt(i) * 128n * MiB, mib * MiB),
    );
    const { kernel, log } = arm(board(pools, LARGE));
    expect(kernel.regions().map(({ name, why }) => [name, why])).toEqual([
      ['pool-0', undefined],
      ['pool-1', 'unmappable'],
      ['pool-2', undefined],
      ['reserved', undefined],
    ]);
    expect(log).toContain('<4>Failed to add coherent heap pool-1');
  });

  it('has one atomic pool, as large as asked', () => {
    const pool = (cmdline: string) => {
      const { log, records } = arm(board([], LARGE), { cmdline });
      return [log.filter((line) => /DMA: /.test(line)), cmaDebugfs(records).reserved?.used];
    };
    const got = (kib: number) => [`<6>DMA: preallocated ${kib} KiB pool for atomic coherent allocations`];
    expect(pool('')).toEqual([got(256), '64']);
    expect(pool('coherent_pool=1500K')).toEqual([got(1500), '375']);
    expect(pool('cma=0')).toEqual([got(256), undefined]);
    expect(pool('cma=0 coherent_pool=8M')).toEqual([
      ['<3>DMA: failed to allocate 8192 KiB pool for atomic coherent allocation'],
      undefined,
    ]);
  });

  it('cuts what the tree says to 32 bits', () => {
    const { log } = arm(board([dynamicPlain('large', 4n * GiB, { noMap: true })], LARGE));
    expect(log).toContain('<6>OF: reserved mem: 0x80000000..0x7fffffff (0 KiB) nomap non-reusable large');
  });

  it('ignores memory that it cannot address', () => {
    const memory = [range(RAM_BASE, GiB), range(4n * GiB, GiB)];
    const { log, records } = arm(board([], { memory }));
    expect(log).toContain('<4>OF: fdt: Ignoring memory block 0x100000000 - 0x140000000');
    expect(topLines(records)).toEqual(['40000000-7fffffff : System RAM']);
    expect(refusal(board([], { memory: [range(4n * GiB, GiB)] }), { arch: 'arm' })).toEqual([
      'board-no-memory',
    ]);
  });

  it('uses no RAM above lowmem without HighMem', () => {
    const { log, records } = arm(board([], LARGE), { config: { CONFIG_HIGHMEM: false } });
    expect(log).toContain('<5>Ignoring RAM at 0x70000000-0x80000000');
    expect(topLines(records)).toEqual(['40000000-6fffffff : System RAM']);
  });

  it('shows RAM to the byte, and nothing of what it hides', () => {
    const { records } = arm(board([coherent('odd', 0x50000800n, 0x2800n)], LARGE));
    expect(topLines(records)).toEqual(['40000000-500007ff : System RAM', '50003000-7fffffff : System RAM']);
  });

  it('takes mem= for its memory', () => {
    const ram = (cmdline: string) => topLines(arm(board([], LARGE), { cmdline }).records);
    expect(ram('mem=512M')).toEqual(['40000000-5fffffff : System RAM']);
    expect(ram('mem=128M mem=64M@0x70000000')).toEqual([
      '40000000-47ffffff : System RAM',
      '70000000-73ffffff : System RAM',
    ]);
  });

  it('counts sizes and pages of a mapping in 32 bits', () => {
    const { kernel } = arm(board([], LARGE));
    expect(alloc(kernel, 'reserved', 4n * GiB).errno).toBe('EINVAL');
    expect(alloc(kernel, 'reserved', 4n * GiB + 4096n).fd).toBeGreaterThan(0);
    const shell = new Task(kernel, 'shell');
    const fd = shell.alloc('reserved', 4096n);
    const map = (offset: bigint) =>
      shell.call({ call: 'mmap', fd, length: 4096n, prot: PROT_READ, flags: MAP_SHARED, offset }).errno;
    expect(map(-4096n)).toBe('EINVAL');
    expect(map(1n << 32n)).toBe('EOVERFLOW');
  });

  it('has large files only where they are asked for', () => {
    const flagsOf = (arch: string) => {
      const shell = new Task(bootBoard(board([], LARGE), { arch }).kernel, 'shell');
      const fd = shell.must({ call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
      return shell.must({ call: 'fcntl', fd, cmd: F_GETFL, arg: 0 });
    };
    expect(['arm', 'arm64', 'riscv64'].map(flagsOf)).toEqual([2, 0o400002, 0o100002]);
  });

  it('has its own struct stat', () => {
    const { kernel } = arm(board([], LARGE));
    const { stat: layout } = kernel.profile.arch;
    const shell = new Task(kernel, 'shell');
    const buf = new Uint8Array(layout.size);
    shell.must({ call: 'fstat', fd: shell.alloc('system', 8192n), buf });
    expect(layout.size).toBe(104);
    expect(decodeStat(buf, layout)).toMatchObject({ st_size: 8192n, st_blksize: 4096 });
  });

  it.each([
    ['arm-cma-odd', [cma('odd', 0x50100000n, 4n * MiB)]],
    ['arm-cma-overlap', [cma('a', 0x50000000n, 8n * MiB), cma('b', 0x50400000n, 8n * MiB)]],
    ['arm-cma-outside-ram', [cma('out', 0x90000000n, 4n * MiB)]],
  ])('refuses by name what the recorded kernel did not boot with: %s', (code, nodes) => {
    expect(refusal(board(nodes, LARGE), { arch: 'arm' })).toEqual([code]);
    expect(refusal(board(nodes, LARGE), {})).toEqual([]);
  });

  it('refuses regions that overlap in lowmem only', () => {
    const nodes = [cma('a', 0x78000000n, 8n * MiB), cma('b', 0x78400000n, 8n * MiB)];
    expect(refusal(board(nodes, LARGE), { arch: 'arm' })).toEqual([]);
  });

  it('is not modelled with LPAE', () => {
    const params = { arch: 'arm', config: { CONFIG_ARM_LPAE: true } };
    expect(refusal(board(), params)).toEqual(['config-not-modelled']);
  });
});

describe('riscv64', () => {
  const riscv = (given: Board, params: BootParams = {}) => bootBoard(given, { arch: 'riscv64', ...params });

  it('reserves the blob after the regions, so that one may be placed on it', () => {
    const reserve = {
      kernel: range(RAM_BASE + 2n * MiB, 12n * MiB),
      dtb: range(RAM_BASE + 255n * MiB, 8192n),
    };
    const given = board([dynamicCma('cam', 4n * MiB)]);
    expect(riscv(given, { reserve }).kernel.regions()[0]?.base).toBe(RAM_BASE + 252n * MiB);
    expect(bootBoard(given, { reserve }).kernel.regions()[0]?.base).toBe(RAM_BASE + 250n * MiB);
  });

  it('places the default area below the end of the 32-bit zone, when static regions are set up', () => {
    const memory = [range(2n * GiB, 4n * GiB)];
    const reserve = { kernel: range(2n * GiB + 2n * MiB, 12n * MiB) };
    const { log } = riscv(board([cma('a', 0xa0000000n, 16n * MiB)], { memory }), { reserve });
    const told = log.filter((line) => /cma: |created/.test(line));
    expect(told[1]).toBe('<6>cma: Reserved 16 MiB at 0x00000000ff000000');
    expect(told[0]).toMatch(/created CMA memory pool at 0x00000000a0000000/);
  });

  it('says that there is no EFI, if it could have it', () => {
    expect(riscv(board()).log[0]).toBe('<6>efi: UEFI not found.');
    expect(riscv(board(), { config: { CONFIG_EFI: false } }).log).not.toContain('<6>efi: UEFI not found.');
  });

  it('has atomic pools only for devices that do not snoop', () => {
    const pools = (config: BootParams['config']) =>
      riscv(board(), { ...(config && { config }) }).log.filter((line) => /DMA: pre/.test(line));
    expect(pools({})).toEqual([
      '<6>DMA: preallocated 128 KiB GFP_KERNEL|GFP_DMA32 pool for atomic allocations',
    ]);
    expect(pools({ CONFIG_RISCV_DMA_NONCOHERENT: false })).toEqual([]);
  });

  it('cuts RAM at mem= without bringing anything back, and shows what is reserved beyond', () => {
    const reserve = {
      kernel: range(RAM_BASE + 2n * MiB, 12n * MiB),
      dtb: range(RAM_BASE + 200n * MiB, 8192n),
    };
    const { records } = riscv(board(), { reserve, cmdline: 'mem=128M cma=0' });
    expect(topLines(records)).toEqual(['40000000-47ffffff : System RAM', '4c800000-4c801fff : Reserved']);
  });

  it('does not use an initrd outside of RAM', () => {
    const reserve = { kernel: range(RAM_BASE + 2n * MiB, 12n * MiB), initrd: range(3n * GiB, 5000n) };
    expect(riscv(board(), { reserve }).log).toContain(
      '<3>INITRD: 0xc0000000+0x00002000 is not a memory region - disabling initrd',
    );
  });

  it("shows an area's lock behind order_per_bit", () => {
    const { kernel, records } = riscv(board([], LARGE), { cmdline: 'cma=16M' });
    const turns = () => BigInt(cmaDebugfs(records).reserved?.order_per_bit ?? -1);
    const lock = (n: bigint) => ((n << 16n) | n) << 32n;
    // The atomic pool's.
    expect(turns()).toBe(lock(1n));
    const { fd } = alloc(kernel, 'reserved', MiB);
    expect(turns()).toBe(lock(2n));
    kernel.syscall('shell', { call: 'close', fd });
    expect(turns()).toBe(lock(3n));
    // No room: once to look, once to tell. Larger than the area: only to tell.
    alloc(kernel, 'reserved', 16n * MiB);
    expect(turns()).toBe(lock(5n));
    alloc(kernel, 'reserved', 17n * MiB);
    expect(turns()).toBe(lock(6n));
  });
});

describe('x86_64', () => {
  const PC = [range(0n, 0x9fc00n), range(MiB, GiB - MiB - 0x20000n)];
  const reserve = { kernel: range(16n * MiB, 5n * MiB) };
  const pc = (params: BootParams = {}) =>
    bootBoard(boardWithoutTree('pc'), { arch: 'x86_64', memory: PC, reserve, ...params });

  it('boots without a device tree, and has no area unless asked', () => {
    expect(cmaLines(pc().log)).toEqual([]);
    const { log, records, kernel } = pc({ cmdline: 'cma=64M' });
    expect(log.filter((line) => /reserved mem/i.test(line))).toEqual([]);
    expect(cmaLines(log)).toEqual(['<6>cma: Reserved 64 MiB at 0x000000003be00000']);
    expect(kernel.heaps().map(({ name }) => name)).toEqual(['system', 'default_cma_region', 'reserved']);
    expect(topLines(records)).toEqual(['00001000-0009fbff : System RAM', '00100000-3ffdffff : System RAM']);
    expect(procMeminfo(records).get('VmallocTotal')).toBe(34_359_738_367);
  });

  it('places the area above 4 GiB where RAM goes so far and nothing says otherwise', () => {
    const memory = [...PC, range(4n * GiB, 3n * GiB)];
    const at = (cmdline: string) => cmaLines(pc({ memory, cmdline }).log);
    expect(at('cma=64M')).toEqual(['<6>cma: Reserved 64 MiB at 0x0000000100000000']);
    expect(at('cma=64M@0-4G')).toEqual(['<6>cma: Reserved 64 MiB at 0x000000003be00000']);
  });

  it('cuts RAM at the address that mem= says', () => {
    const { log, records } = pc({ cmdline: 'mem=512M cma=64M' });
    expect(topLines(records)[1]).toBe('00100000-1fffffff : System RAM');
    // The end of RAM is not free.
    expect(cmaLines(log)).toEqual(['<6>cma: Reserved 64 MiB at 0x000000001be00000']);
  });

  it('has atomic pools only with CONFIG_DMA_COHERENT_POOL', () => {
    const pools = (config: BootParams['config'] = {}) =>
      pc({ config }).log.filter((line) => /DMA: pre/.test(line));
    expect(pools()).toEqual([]);
    expect(pools({ CONFIG_DMA_COHERENT_POOL: true }).map((line) => /GFP\S*/.exec(line)?.[0])).toEqual([
      'GFP_KERNEL|GFP_DMA',
      'GFP_KERNEL|GFP_DMA32',
    ]);
  });

  it('refuses a board that reserves memory by its tree', () => {
    const params = { arch: 'x86_64', memory: PC };
    expect(refusal(board([coherent('a', 0x20000000n, MiB)]), params)).toEqual(['arch-no-device-tree']);
    expect(refusal(board(), params)).toEqual([]);
  });
});

describe('what there is not', () => {
  it('is refused by name', () => {
    expect(refusal(board(), { arch: 'vax' })).toEqual(['arch-unknown']);
    expect(refusal(board(), { arch: 'arm', pageKiB: 64 })).toEqual(['arch-pages']);
    expect(refusal(board(), { kernel: '2.6.39' })).toEqual(['kernel-unknown']);
  });
});
