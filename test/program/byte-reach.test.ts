/** How programs get at bytes: who says no, with which errno, and what is done before a fault. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { fillBytes, readBytes, writeBytes } from '../../src/program/byte-moves.ts';
import { type BytePlace, findBytes } from '../../src/program/byte-reach.ts';
import { finish, type Outcome } from '../../src/program/outcome.ts';
import { O_CLOEXEC, O_RDONLY, PROT_NONE, PROT_READ } from '../../src/uapi/fcntl.ts';
import { CMA, device, HEAPS, machine, POOL, type Task } from '../kernel/machine.ts';

const SIZE = 8192n;
/** In the CMA area of the machine, at its beginning. */
const AREA = 0x48000000n;
const MEMORY_END = (task: Task): bigint => {
  const layout = task.kernel.info().layout.at(-1);
  return (layout?.base ?? 0n) + (layout?.size ?? 0n);
};

const caller = ({ kernel, name }: Task) => ({ kernel, task: name });
const read = (task: Task, place: BytePlace, offset = 0n, length?: bigint) =>
  finish(readBytes(caller(task), place, { offset, ...(length !== undefined && { length }) }));
const write = (task: Task, place: BytePlace, offset: bigint, bytes: readonly number[]) =>
  finish(writeBytes(caller(task), place, offset, Uint8Array.from(bytes)));
const fill = (task: Task, place: BytePlace, byte: number, length: bigint, offset = 0n) =>
  finish(fillBytes(caller(task), place, { offset, length }, byte));

const buffer = (fd: number): BytePlace => ({ kind: 'buffer', fd });
const mapping = (id: number): BytePlace => ({ kind: 'mapping', id });
const wrong = ({ errno, why, fault }: Outcome) => fault?.name ?? `${errno} ${why?.kind ?? ''}`.trim();

describe.each(HEAPS)('a buffer of %s, by its task', (heap) => {
  it('reads what was written, at any offset', () => {
    const { shell } = machine();
    const fd = shell.alloc(heap, SIZE);
    fc.assert(
      fc.property(fc.nat(8000), fc.uint8Array({ minLength: 1, maxLength: 190 }), (offset, bytes) => {
        expect(write(shell, buffer(fd), BigInt(offset), [...bytes])).toEqual({ ret: 0 });
        expect(read(shell, buffer(fd), BigInt(offset), BigInt(bytes.length)).bytes).toEqual(bytes);
      }),
      { numRuns: 30 },
    );
    expect(read(shell, buffer(fd)).bytes).toHaveLength(Number(SIZE));
    expect(shell.kernel.task('shell')?.mappings).toBe(0);
  });

  it('maps no byte beyond the end, and stores what fits before it', () => {
    const { shell } = machine();
    const fd = shell.alloc(heap, SIZE);
    expect(wrong(write(shell, buffer(fd), SIZE - 2n, [1, 2, 3]))).toBe('EINVAL past-end');
    expect(write(shell, buffer(fd), SIZE - 1n, [2, 3, 4]).why).toMatchObject({ stored: 1n, size: SIZE });
    expect(read(shell, buffer(fd), SIZE - 2n).bytes).toEqual(Uint8Array.of(1, 2));
    expect(wrong(read(shell, buffer(fd), SIZE))).toBe('EINVAL past-end');
    expect(read(shell, buffer(fd), SIZE + 1n, 5n).why).toMatchObject({ offset: SIZE + 1n, length: 5n });
    expect(wrong(read(shell, buffer(fd), SIZE + 4096n))).toBe('EINVAL past-end');
  });

  it('has the access of its descriptor, also for no bytes at all', () => {
    const { shell } = machine();
    const fd = shell.alloc(heap, SIZE, O_RDONLY | O_CLOEXEC);
    expect(read(shell, buffer(fd), 0n, 0n).bytes).toHaveLength(0);
    expect(wrong(write(shell, buffer(fd), 0n, []))).toBe('EACCES access-mode');
  });
});

test('a descriptor that is closed is EBADF, and one of a heap ENODEV: mmap of it is not there', () => {
  const { shell } = machine();
  const node = shell.must({ call: 'open', path: `/dev/dma_heap/${CMA}`, flags: 2 });
  expect(wrong(read(shell, buffer(99)))).toBe('EBADF bad-descriptor');
  expect(wrong(read(shell, buffer(node)))).toBe('ENODEV');
});

describe('a mapping', () => {
  const mapped = (prot?: number) => {
    const { shell } = machine();
    const fd = shell.alloc('system', SIZE);
    return { shell, fd, id: shell.map(fd, SIZE, prot === undefined ? {} : { prot }) };
  };

  it('ends where it ends: an access that goes on behind it faults, and is made', () => {
    const { shell, id } = mapped();
    let faults = 0;
    shell.kernel.onAccess = ({ fault }) => {
      if (fault === 'SegmentationFault') faults++;
    };
    expect(wrong(write(shell, mapping(id), SIZE - 2n, [1, 2, 3]))).toBe('SegmentationFault');
    expect(wrong(read(shell, mapping(id), 0n, SIZE + 1n))).toBe('SegmentationFault');
    expect(wrong(fill(shell, mapping(id), 0xff, SIZE + 1n))).toBe('SegmentationFault');
    expect(faults).toBe(3);
    // As memcpy(): those that fit are stored.
    expect(read(shell, mapping(id), SIZE - 3n).bytes).toEqual(Uint8Array.of(0, 1, 2));
  });

  it('is found to be too short before the first byte', () => {
    const { shell, id } = mapped();
    let accesses = 0;
    shell.kernel.onAccess = () => accesses++;
    const find = (offset: bigint, length?: bigint) =>
      findBytes(caller(shell), mapping(id), {
        access: 'read',
        offset,
        ...(length !== undefined && { length }),
      });
    expect(find(0n)).toEqual({ length: SIZE, size: SIZE });
    expect(find(0n, SIZE + 1n)).toMatchObject({
      fault: { message: expect.stringContaining(`read at offset ${SIZE} `) },
    });
    expect(read(shell, mapping(id), SIZE + 1n).fault?.message).toContain(`offset ${SIZE + 1n} `);
    expect(accesses).toBe(0);
    expect(read(shell, mapping(id), SIZE).bytes).toHaveLength(0);
  });

  it('obeys its protection, which no bytes do not offend', () => {
    const { shell, id } = mapped(PROT_READ);
    expect(wrong(write(shell, mapping(id), 0n, [1]))).toBe('SegmentationFault');
    const none = mapped(PROT_NONE);
    expect(wrong(read(none.shell, mapping(none.id), 0n, 1n))).toBe('SegmentationFault');
    expect(read(none.shell, mapping(none.id), 0n, 0n)).toEqual({ ret: 0, bytes: new Uint8Array() });
  });

  it('that is not there is a bad address', () => {
    const { shell, id } = mapped();
    shell.must({ call: 'munmap', mapping: id });
    expect(wrong(read(shell, mapping(id)))).toBe('EFAULT bad-argument');
  });
});

describe('physical memory', () => {
  it('is what buffers lie in', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, SIZE);
    const memory: BytePlace = { kind: 'memory', base: AREA, size: SIZE };
    write(shell, buffer(fd), 5n, [1, 2, 3]);
    expect(read(shell, memory, 5n, 3n).bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(read(shell, memory).bytes).toHaveLength(Number(SIZE));
  });

  it('ends in a bus error', () => {
    const { shell } = machine();
    const end = MEMORY_END(shell);
    const last: BytePlace = { kind: 'memory', base: end - 2n };
    expect(wrong(write(shell, last, 0n, [1, 2, 3]))).toBe('BusError');
    expect(read(shell, last).bytes).toEqual(Uint8Array.of(1, 2));
    let faults = 0;
    shell.kernel.onAccess = ({ fault }) => {
      if (fault !== undefined) faults++;
    };
    expect(wrong(read(shell, last, 0n, 3n))).toBe('BusError');
    expect(wrong(read(shell, { ...last, size: 3n }))).toBe('BusError');
    expect(faults).toBe(2);
    expect(wrong(read(shell, { kind: 'memory', base: end }, 0n, 0n))).toBe('BusError');
  });

  it('is no larger than it was said to be', () => {
    const { shell } = machine();
    const window: BytePlace = { kind: 'memory', base: AREA, size: 16n };
    expect(wrong(write(shell, window, 0n, Array(17).fill(1)))).toBe('EINVAL past-end');
    expect(wrong(write(shell, { ...window, as: 'cam' }, 8n, Array(9).fill(2)))).toBe('EINVAL past-end');
    const stored = [...Array(8).fill(1), ...Array(8).fill(2), 0];
    expect(read(shell, { ...window, size: 17n }).bytes).toEqual(Uint8Array.from(stored));
  });
});

describe('a device', () => {
  const attached = () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, SIZE);
    const id = shell.attach(fd, 'cam');
    return { shell, fd, id };
  };
  const by = (fd: number, as = 'cam'): BytePlace => ({ kind: 'buffer', fd, as });

  it('reads by its newest mapped attachment', () => {
    const { shell, fd, id } = attached();
    const newer = shell.attach(fd, 'cam');
    expect(shell.mapFor(id).ret).toBe(0);
    const span = { access: 'read', offset: 0n } as const;
    expect(findBytes(caller(shell), by(fd), span)).toEqual({ length: SIZE, attachment: id });
    expect(shell.mapFor(newer).ret).toBe(0);
    expect(findBytes(caller(shell), by(fd), span)).toEqual({ length: SIZE, attachment: newer });
    write(shell, by(fd), 1n, [7]);
    expect(read(shell, by(fd), 0n, 2n).bytes).toEqual(Uint8Array.of(0, 7));
  });

  it('goes on past the end when a length says so, and not by itself', () => {
    const { shell, fd, id } = attached();
    shell.mapFor(id);
    expect(write(shell, by(fd), SIZE - 1n, [1, 2])).toEqual({ ret: 0 });
    expect(read(shell, { kind: 'memory', base: AREA + SIZE - 1n, size: 2n }).bytes).toEqual(
      Uint8Array.of(1, 2),
    );
    expect(read(shell, by(fd), SIZE + 1n).why).toEqual({
      kind: 'dma-past-end',
      device: 'cam',
      offset: SIZE + 1n,
      size: SIZE,
    });
    expect(wrong(read(shell, by(fd), SIZE + 1n))).toBe('EINVAL dma-past-end');
  });

  it('says of the descriptor of a heap node that it is no dma-buf, and of a closed one that it is closed', () => {
    const { shell } = machine();
    const node = shell.must({ call: 'open', path: `/dev/dma_heap/${POOL}`, flags: 2 });
    expect(read(shell, by(node))).toMatchObject({
      errno: 'EINVAL',
      why: { kind: 'not-a-dma-buf', fd: node },
    });
    expect(read(shell, by(99))).toMatchObject({ errno: 'EBADF', why: { kind: 'bad-descriptor', fd: 99 } });
    // What dma_buf_get() says to the driver.
    for (const fd of [node, 99]) {
      const { ret, errno } = shell.call({ call: 'dma_buf_attach', fd, device: 'cam' });
      expect(read(shell, by(fd))).toMatchObject({ ret, errno });
    }
  });

  it('needs an attachment of its own that is mapped', () => {
    const { shell, fd, id } = attached();
    const one: BytePlace = { kind: 'attachment', id };
    const task = shell.name;
    expect(read(shell, by(fd)).why).toEqual({ kind: 'no-dma', device: 'cam', attached: true, task, fd });
    expect(read(shell, by(fd, 'gpu')).why).toMatchObject({ kind: 'no-dma', device: 'gpu', attached: false });
    expect(read(shell, one).why).toEqual({ kind: 'attachment-not-mapped', attachment: id });
    expect(read(shell, { ...one, id: 99 }).why).toEqual({ kind: 'no-such-attachment', attachment: 99 });
    shell.mapFor(id);
    expect(read(shell, one).bytes).toHaveLength(Number(SIZE));
    expect(read(shell, { ...one, as: 'gpu' })).toMatchObject({
      errno: 'EINVAL',
      why: { kind: 'attachment-of-other', owner: 'cam' },
    });
  });

  it('that there is not is ENODEV, whatever it would access', () => {
    const { shell, fd, id } = attached();
    const places: BytePlace[] = [
      by(fd, 'nobody'),
      { kind: 'attachment', id, as: 'nobody' },
      { kind: 'memory', base: AREA, size: 1n, as: 'nobody' },
    ];
    for (const place of places) expect(wrong(read(shell, place))).toBe('ENODEV no-such-device');
  });

  it('faults where its IOMMU has nothing mapped', () => {
    const { shell } = machine([device('npu', { iommu: true })]);
    const outcome = read(shell, { kind: 'memory', base: 0x1000n, size: 4n, as: 'npu' });
    expect(wrong(outcome)).toBe('IommuFault');
    expect(outcome).toMatchObject({ ret: 0 });
  });
});
