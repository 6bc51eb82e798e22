/** Faults on purpose: rules as text, where each strikes, and that nothing is lost by them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultRule, KeptRule } from '../../src/kernel/faults/fault-rule.ts';
import {
  FAULT_CALLS,
  faultRuleOf,
  formatFaultRule,
  parseFaultRule,
} from '../../src/kernel/faults/fault-text.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { SyscallResult } from '../../src/kernel/syscall.ts';
import { cmaDebugfs } from '../../src/kernel/virtual-files/index.ts';
import { PageAllocator } from '../../src/mm/alloc/page-alloc.ts';
import { DMA_BUF_SYNC_RW } from '../../src/uapi/dma-buf.ts';
import { MAP_SHARED, O_RDWR, PROT_READ } from '../../src/uapi/fcntl.ts';
import { KiB, MiB } from '../../src/units.ts';
import { pagesToBytes } from '../pages.ts';
import { alloc, type Booted, logOf } from '../small-board.ts';
import { CMA, HEAPS, machine, POOL, Task } from './machine.ts';

/** The rule that a text says. */
function rule(text: string): KeptRule {
  const read = parseFaultRule(text);
  if (!('rule' in read)) throw new Error(read.problem);
  if (read.rule.does === 'module') throw new Error('not a rule to keep');
  return read.rule;
}

/** A machine with rules from boot on. */
const faulty = (...texts: readonly string[]) => machine(undefined, { faults: texts.map(rule) });

const codes = (results: readonly SyscallResult[]): string =>
  results.map(({ errno }) => errno ?? 'ok').join(' ');

const freeOf = (kernel: Kernel, name: string) => kernel.heaps().find((heap) => heap.name === name)?.free;

describe('a rule as text', () => {
  it('says what, of which calls, and when', () => {
    expect(parseFaultRule('errno=enomem,heap=linux,cma,size=>=1M,nth=3')).toEqual({
      rule: {
        does: 'errno',
        errno: 'ENOMEM',
        call: 'alloc',
        heap: 'linux,cma',
        size: { is: '>=', bytes: MiB },
        nth: 3,
      },
    });
    expect(faultRuleOf({ exit: 'camera', call: 'mmap', nth: 20 })).toEqual({
      rule: { does: 'exit', task: 'camera', call: 'mmap', nth: 20 },
    });
    expect(faultRuleOf({ busy: '0x60400000:64K' })).toEqual({
      rule: { does: 'busy', range: { base: 0x60400000n, size: 64n * KiB } },
    });
    expect(parseFaultRule('leak=a,from=0,chance=0,seed=4294967295')).toEqual({
      rule: { does: 'leak', task: 'a', from: 0, chance: 0, seed: 4294967295 },
    });
    expect(parseFaultRule('module=cma-heap')).toEqual({ rule: { does: 'module', module: 'cma_heap' } });
  });

  it.each([
    ['nth=3', 'one of errno='],
    ['errno=ENOMEN', 'did you mean ENOMEM'],
    ['errno=ENOMEM,nht=3', 'did you mean nth'],
    ['errno=ENOMEM,exit=a', 'two rules'],
    ['errno=ENOMEM,nth=0', 'from 1'],
    ['errno=ENOMEM,nth=1,every=2', 'exclude'],
    ['errno=ENOMEM,nth=1,nth=2', 'twice'],
    ['errno=EIO,call=mmap,heap=system', 'call=alloc alone'],
    ['errno=EIO,call=dma_buf_detach', 'cannot fail'],
    ['errno=EIO,chance=1.5', '0 to 1'],
    ['errno=EIO,seed=1', 'goes with chance'],
    ['errno=EIO,chance=1,seed=4294967296', '0 to 4294967295'],
    ['leak=a,call=close', 'does not go with leak='],
    ['busy=0x1000', 'ADDRESS:SIZE'],
    ['busy=0x1000:4K,times=2', 'does not go'],
    ['module=gpu', 'no module'],
    ['exit=', 'no task'],
    ['', 'no key'],
  ])('%s: %s', (text, problem) => {
    expect(parseFaultRule(text)).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  const when = fc.record(
    {
      from: fc.nat(1000),
      chance: fc.constantFrom(0, 0.1, 0.25, 1),
      times: fc.integer({ min: 1, max: 5 }),
      nth: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: [] },
  );
  const size = fc.record({
    is: fc.constantFrom(
      '>=' as const,
      '<=' as const,
      '!=' as const,
      '>' as const,
      '<' as const,
      '=' as const,
    ),
    bytes: fc.bigInt(1n, 1n << 40n),
  });
  const any: fc.Arbitrary<FaultRule> = fc.oneof(
    fc
      .record({
        size: fc.option(size, { nil: undefined }),
        heap: fc.constantFrom(undefined, 'linux,cma'),
        when,
      })
      .map(({ size, heap, when: given }) => ({
        does: 'errno' as const,
        errno: 'EINTR' as const,
        call: 'alloc' as const,
        ...(heap !== undefined && { heap }),
        ...(size !== undefined && { size }),
        ...given,
      })),
    fc.record({ call: fc.constantFrom(...FAULT_CALLS), when }).map(({ call, when: given }) => ({
      does: 'exit' as const,
      task: 'a.b-c',
      call,
      ...given,
    })),
    fc.bigInt(1n, 1n << 40n).map((bytes) => ({ does: 'busy' as const, range: { base: bytes, size: bytes } })),
  );
  it('is read as it is written', () => {
    fc.assert(
      fc.property(any, (one) => {
        expect(parseFaultRule(formatFaultRule(one))).toEqual({ rule: one });
      }),
    );
  });
});

describe('an allocation that is to fail', () => {
  it('fails where the heap takes its memory, without a word in the log', () => {
    const { kernel, records } = faulty(`errno=ENOMEM,heap=${CMA},size=>=1M,nth=2`);
    const mark = kernel.printk.nextSeq;
    const results = [MiB, 4096n, MiB, MiB].map((len) => alloc(kernel, CMA, len));
    expect(codes([...results, alloc(kernel, 'system', MiB)])).toBe('ok ok ENOMEM ok ok');
    expect(results[2]?.why).toEqual({ kind: 'injected', rule: 1 });
    expect(freeOf(kernel, CMA)).toBe(14n * MiB - 4096n);
    expect(logOf(records, mark)).toEqual([]);
    expect(kernel.faults()).toMatchObject([{ id: 1, seen: 3, struck: 1 }]);
  });

  it('gives the pages back when the descriptor is not to be had', () => {
    const { kernel, shell } = faulty('errno=EMFILE,every=2');
    expect(codes([1, 2, 3].map(() => alloc(kernel, CMA, MiB)))).toBe('ok EMFILE ok');
    expect(freeOf(kernel, CMA)).toBe(14n * MiB);
    expect(kernel.buffers().map(({ ino }) => ino)).toEqual([1, 3]);
    // The pages were taken, as a real table at its limit would have it.
    expect(shell.cat(`/sys/kernel/mm/cma/${CMA}/alloc_pages_success`)).toBe('768\n');
  });

  it('is the same one each time, by its seed', () => {
    const run = (seed: number) => {
      const { kernel } = faulty(`errno=EINTR,chance=0.3,seed=${seed}`);
      return codes(Array.from({ length: 60 }, () => alloc(kernel, 'system', 4096n)));
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    const struck = run(1).split('EINTR').length - 1;
    expect(struck).toBeGreaterThan(8);
    expect(struck).toBeLessThan(30);
  });
});

describe('other calls that are to fail', () => {
  it('fail before they do anything, but close has closed', () => {
    const { kernel, shell } = faulty('errno=EINTR,call=sync,times=1', 'errno=EIO,call=close,nth=2');
    const fd = shell.alloc('system', 4096n);
    expect(codes([shell.sync(fd, DMA_BUF_SYNC_RW), shell.sync(fd, DMA_BUF_SYNC_RW)])).toBe('EINTR ok');
    expect(shell.call({ call: 'close', fd })).toMatchObject({
      errno: 'EIO',
      why: { kind: 'injected', rule: 2 },
    });
    expect(kernel.buffers()).toEqual([]);
    expect(shell.call({ call: 'close', fd }).why?.kind).toBe('bad-descriptor');
  });

  it('begin to at a number of the kernel’s calls, which buffers know too', () => {
    const { kernel, shell } = machine([]);
    shell.must({ call: 'fault_add', rule: rule('errno=EMFILE,call=open,from=4') });
    const fd = shell.alloc('system', 4096n); // calls 1, 2, 3
    expect(kernel.buffer('shell', fd)).toMatchObject({ call: 2, maker: 'shell' });
    expect(shell.call({ call: 'open', path: '/proc/meminfo', flags: 0 })).toMatchObject({ errno: 'EMFILE' });
  });

  it('are left alone when the rule has gone', () => {
    const { kernel, shell } = faulty('errno=ENOMEM');
    expect(codes([alloc(kernel, CMA, 4096n)])).toBe('ENOMEM');
    expect(codes([shell.call({ call: 'fault_del', id: 1 }), alloc(kernel, CMA, 4096n)])).toBe('ok ok');
    expect(shell.call({ call: 'fault_del', id: 1 })).toMatchObject({ errno: 'ENOENT' });
  });
});

describe('a task', () => {
  it('dies instead of a call, and gives back all that it held', () => {
    const { kernel } = faulty('exit=camera,call=alloc,nth=3');
    const camera = new Task(kernel, 'camera');
    kernel.syscall('camera', {
      call: 'task_add',
      name: 'camera',
      credentials: { uid: 0, gid: 0, groups: [] },
      nofile: 64,
    });
    const fd = camera.alloc(CMA, MiB);
    camera.attach(fd, 'cam');
    camera.map(fd, MiB);
    const shared = camera.alloc(POOL, 4096n);
    camera.must({ call: 'sendmsg', fd: shared, to: 'shell' });
    const node = camera.must({ call: 'open', path: `/dev/dma_heap/${CMA}`, flags: O_RDWR });
    const request = { call: 'ioctl', fd: node, request: 0xc0184800, arg: new Uint8Array(24) } as const;
    expect(camera.call(request)).toMatchObject({
      errno: 'ESRCH',
      why: { kind: 'injected', rule: 1, died: 'camera' },
    });
    expect(kernel.hasTask('camera')).toBe(false);
    expect(kernel.buffers().map(({ fds }) => fds.map(({ task }) => task))).toEqual([['shell']]);
    expect(freeOf(kernel, CMA)).toBe(16n * MiB);
    expect(camera.call(request).why?.kind).toBe('no-such-task');
  });

  it('forgets to close its buffers, and nothing else', () => {
    const { kernel, shell } = faulty('leak=shell,times=1');
    const fd = shell.alloc('system', 4096n);
    expect(shell.must({ call: 'close', fd })).toBe(0);
    expect(kernel.buffer('shell', fd)?.count).toBe(1);
    expect(shell.must({ call: 'close', fd })).toBe(0);
    expect(kernel.buffers()).toEqual([]);
  });
});

describe('pinned pages', () => {
  const busy = { base: 0x48000000n + MiB, size: 4096n };
  const placed = (kernel: Kernel) =>
    kernel.buffers().map(({ sgTable }) => pagesToBytes(sgTable[0]?.pfn ?? 0));

  it('are searched around, and no bitmap shows them', () => {
    const { kernel, records } = faulty('busy=0x48100000:4K');
    const before = cmaDebugfs(records)[CMA];
    expect(before?.used).toBe('0');
    expect(codes([alloc(kernel, CMA, 2n * MiB), alloc(kernel, CMA, MiB), alloc(kernel, CMA, 4096n)])).toBe(
      'ok ok ok',
    );
    expect(placed(kernel)).toEqual([0x48200000n, 0x48000000n, 0x48101000n]);
  });

  it('leave nothing when they lie in each place, with the log of any failure', () => {
    const { kernel, records, shell } = machine();
    shell.must({ call: 'pin', range: busy });
    const mark = kernel.printk.nextSeq;
    const { errno, why } = alloc(kernel, CMA, 15n * MiB);
    expect([errno, why]).toMatchObject(['ENOMEM', { kind: 'cma-no-room', pinnedPages: 1, largestRun: 3839 }]);
    expect(logOf(records, mark)).toEqual([
      `<3>cma: __cma_alloc_frozen: ${CMA}: alloc failed, req-size: 3840 pages, ret: -16`,
      '<6>cma: number of available pages: ',
      '<6>cma: range 0: 4096@0',
      '<6>cma: ',
      '<4>=> 4096 free of 4096 total pages',
    ]);
    shell.must({ call: 'unpin', range: busy });
    expect(codes([alloc(kernel, CMA, 15n * MiB)])).toBe('ok');
  });

  it('are those of CMA areas, and go as they came', () => {
    const { kernel, shell } = faulty('busy=0x48100000:4K');
    expect(shell.call({ call: 'pin', range: { base: 0x46000000n, size: MiB } }).why?.kind).toBe('not-in-cma');
    expect(shell.call({ call: 'unpin', range: { ...busy, size: 8192n } }).why?.kind).toBe('not-pinned');
    shell.must({ call: 'unpin', range: busy });
    expect([kernel.pinned(), kernel.faults()]).toEqual([[], []]);
    expect(() => faulty('busy=0x1000:4K')).toThrow('no CMA area');
  });
});

/** Everything that is held, to compare before and after. */
const held = ({ kernel, records }: Booted) => ({
  heaps: kernel.heaps(),
  cma: cmaDebugfs(records),
  buddy: [...new PageAllocator(records).freeBlocks()].map((block) => block.join('/')).sort(),
});

describe('any rules over any calls', () => {
  const errno = fc.constantFrom('ENOMEM', 'EINTR', 'EMFILE');
  const condition = fc.constantFrom(
    '',
    ',every=2',
    ',nth=3',
    ',chance=0.4',
    ',chance=0.5,seed=9',
    ',times=2',
    ',from=20',
  );
  const text = fc.oneof(
    fc
      .tuple(errno, fc.constantFrom('', ...FAULT_CALLS.map((call) => `,call=${call}`)), condition)
      .map(([name, call, rest]) => `errno=${name}${call}${rest}`),
    condition.map((rest) => `leak=a${rest}`),
    condition.map((rest) => `exit=b${rest}`),
    fc.constant('busy=0x48020000:80K'),
  );
  const step = fc.record({
    task: fc.constantFrom('a', 'b'),
    what: fc.constantFrom(
      'alloc',
      'alloc',
      'close',
      'dup',
      'mmap',
      'munmap',
      'attach',
      'map',
      'detach',
      'send',
      'fork',
    ),
    heap: fc.constantFrom(...HEAPS),
    pages: fc.integer({ min: 1, max: 300 }),
    pick: fc.integer({ min: 1, max: 12 }),
  });

  it('answer the same each time, and lose nothing', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.array(step, { maxLength: 40 }), (texts, steps) => {
        const run = () => {
          const booted = machine();
          const { kernel } = booted;
          const before = held(booted);
          for (const one of texts) booted.shell.must({ call: 'fault_add', rule: rule(one) });
          const answers: (string | number)[] = [];
          kernel.onSyscall = (_, __, { ret, errno: name }) => answers.push(name ?? ret);
          for (const { task, what, heap, pages, pick } of steps) {
            const one = new Task(kernel, task);
            if (!kernel.hasTask(task))
              one.call({
                call: 'task_add',
                name: task,
                credentials: { uid: 0, gid: 0, groups: [] },
                nofile: 10,
              });
            const length = BigInt(pages) * 4096n;
            const [attachment, fd] = [pick, pick];
            if (what === 'alloc') {
              try {
                one.alloc(heap, length);
              } catch {
                // It failed, and the node stays open.
              }
            } else if (what === 'close' || what === 'dup') one.call({ call: what, fd });
            else if (what === 'mmap')
              one.call({ call: what, fd, length: 4096n, prot: PROT_READ, flags: MAP_SHARED, offset: 0n });
            else if (what === 'munmap') one.call({ call: what, mapping: pick });
            else if (what === 'attach') one.call({ call: 'dma_buf_attach', fd, device: 'cam' });
            else if (what === 'map') one.mapFor(attachment);
            else if (what === 'detach') one.call({ call: 'dma_buf_detach', attachment });
            else if (what === 'send') one.call({ call: 'sendmsg', fd, to: task === 'a' ? 'b' : 'a' });
            else one.call({ call: 'fork', child: 'a' });
          }
          // Every buffer is held by somebody, and counted right, whatever failed.
          for (const { count, fds, mappings, attachments } of kernel.buffers()) {
            const references = attachments.reduce((sum, one) => sum + one.references, 0);
            expect(fds.length + mappings.length + references).toBe(count);
          }
          for (const { id } of kernel.faults()) booted.shell.must({ call: 'fault_del', id });
          for (const task of ['a', 'b']) if (kernel.hasTask(task)) kernel.syscall(task, { call: 'exit' });
          expect(kernel.buffers()).toEqual([]);
          expect(held(booted)).toEqual(before);
          return answers;
        };
        expect(run()).toEqual(run());
      }),
      { numRuns: 60 },
    );
  });
});
