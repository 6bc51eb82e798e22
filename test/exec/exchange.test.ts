/** What a heap, its buffers and their mappings answer to a carrier. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLAG, HOW, KIND, MESSAGE } from '../../src/exec/protocol.ts';
import { DMA_BUF_SET_NAME_B } from '../../src/uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../src/uapi/dma-heap.ts';
import { O_CLOEXEC } from '../../src/uapi/fcntl.ts';
import { ARG, Carrier, started, TestServer } from './carrier.ts';

const PAGE = 4096;
const EINVAL = -22;
const EFAULT = -14;
const EMFILE = -24;

let server: TestServer;
beforeEach(() => {
  server = new TestServer();
});
afterEach(() => server.close());

const buffers = () => server.session.view((kernel) => kernel.buffers());

describe('HELLO', () => {
  it('tells where things are, and makes the task', () => {
    const carrier = new Carrier(server);
    const answer = carrier.hello();
    expect(answer?.ret).toBe(0);
    const fields = answer?.fields;
    expect(fields?.u32()).toBe(PAGE);
    fields?.u32();
    expect(fields?.str()).toBe(`${server.directory}/b`);
    expect(fields?.str()).toBe(`${server.directory}/mirror`);
    expect(fields?.str()).toBe('app');
    const prefixes = fields?.list(4, (each) => each.str());
    expect(prefixes).toContain('/dev/dma_heap');
    expect(prefixes).toContain('/proc/iomem');
    expect(prefixes).not.toContain('/proc/self');
    expect(prefixes).not.toContain('/sys');
    fields?.end();
    expect(server.session.view((kernel) => kernel.hasTask('app'))).toBe(true);
  });

  it('ends the task with the connection, and its buffers', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, PAGE, 4);
    expect(buffers()).toHaveLength(1);
    carrier.end();
    expect(buffers()).toEqual([]);
    expect(server.session.view((kernel) => kernel.hasTask('app'))).toBe(false);
  });

  it('is the end of a process that Linux would kill for want of memory, and of no other', () => {
    const carrier = started(server);
    const other = started(server, { pid: 200, task: 'other' });
    other.open('/dev/dma_heap/system', 3);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, 2 ** 40, 4);
    expect(server.killed).toEqual([100]);
    expect(other.alloc(3, PAGE, 4).ret).toBe(0);
  });

  it.each([
    ['a wrong token', { token: 'e'.repeat(64) }],
    ['a short token', { token: '' }],
    ['another version', { version: 2 }],
    ['an unknown machine', { machine: 1 }],
    ['an unknown way', { how: 9 }],
  ])('refuses %s', (_, given) => {
    const carrier = new Carrier(server);
    expect(carrier.hello(given)?.ret).toBe(-71);
    expect(carrier.isHungUp).toBe(true);
  });
});

describe('a heap', () => {
  it('is the file of its name in the mirror', () => {
    const carrier = started(server);
    const { ret, fields } = carrier.open('/dev/dma_heap/system', 7, 2 | O_CLOEXEC);
    expect(ret).toBe(7);
    expect(fields.u32()).toBe(FLAG.TAKEN);
    expect(fields.u32()).toBe(KIND.HEAP);
    expect(fields.str()).toBe(`${server.directory}/mirror/dev/dma_heap/system`);
    expect(fields.bytes()).toHaveLength(0);
    expect(fields.u32()).toBe(2 | O_CLOEXEC);
    fields.end();
  });

  it('that is not there is ENOENT, and one without a number left EMFILE', () => {
    const carrier = started(server);
    expect(carrier.open('/dev/dma_heap/none', 3).ret).toBe(-2);
    expect(carrier.open('/dev/dma_heap/system', -1).ret).toBe(EMFILE);
  });

  it('gives a buffer under the offered number, in the offered file', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    const made = carrier.alloc(3, 5000, 9, 2 | O_CLOEXEC);
    expect(made).toMatchObject({ ret: 0, flags: FLAG.TAKEN, kind: KIND.BUFFER, size: 8192n, name: '' });
    expect(made.stores).toHaveLength(1);
    expect(made.stores[0]?.address).toBe(ARG);
    expect(made.stores[0]?.bytes.readUInt32LE(8)).toBe(9);
    expect(made.openFlags).toBe(2 | O_CLOEXEC);
    expect(buffers()).toMatchObject([{ size: 8192n }]);
  });

  it('refuses as Linux does', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    expect(carrier.alloc(3, 0, 4)).toMatchObject({ ret: EINVAL, flags: 0, stores: [] });
    expect(carrier.alloc(3, PAGE, -1).ret).toBe(EMFILE);
    expect(carrier.alloc(99, PAGE, 4).ret).toBe(-9);
    // As the header has it: the journal tells the request by its name.
    expect(
      server.session.journal().filter((entry) => 'call' in entry && entry.call.call === 'ioctl'),
    ).toMatchObject(Array(3).fill({ call: { request: DMA_HEAP_IOCTL_ALLOC } }));
    expect(buffers()).toEqual([]);
  });

  it('says EFAULT where the argument cannot be read or written', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    const data = Buffer.alloc(24);
    data.writeBigUInt64LE(4096n);
    data.writeUInt32LE(2, 12);
    const request = 0xc0184800;
    expect(carrier.ioctl(3, request, data.subarray(0, 8), 4).ret).toBe(EFAULT);
    expect(carrier.ioctl(3, request, new Uint8Array(), 4).ret).toBe(EFAULT);
    expect(carrier.ioctl(3, request, data, 4, { writable: 0 })).toMatchObject({ ret: EFAULT, flags: 0 });
    expect(buffers()).toEqual([]);
  });
});

describe('a buffer', () => {
  it('gets its name from as much memory as a name may have', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, PAGE, 4);
    const short = Buffer.from('a long na');
    const asked = carrier.ioctl(4, DMA_BUF_SET_NAME_B, short);
    expect(asked).toMatchObject({ ret: 0, flags: FLAG.MORE, wanted: [{ address: ARG, length: 32 }] });
    const whole = Buffer.from('a long name\0 and what follows it');
    expect(carrier.ioctl(4, DMA_BUF_SET_NAME_B, short, -1, { parts: [whole] })).toMatchObject({ ret: 0 });
    expect(buffers()[0]?.name).toBe('a long name');
    // The rest cannot be read.
    expect(carrier.ioctl(4, DMA_BUF_SET_NAME_B, short, -1, { parts: [short] }).ret).toBe(EFAULT);
  });

  it('lives as long as a descriptor or a mapping', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, PAGE, 4);
    expect(carrier.get(MESSAGE.DUP, (fields) => fields.u32(4).u32(5).u32(0)).ret).toBe(5);
    expect(carrier.close(4)).toBe(0);
    const map = carrier.get(MESSAGE.MMAP, (fields) =>
      fields.u32(5).u64(0n).u64(4096n).u32(3).u32(1).u64(0n).u64(0x7000_0000n),
    );
    expect(map.ret).toBe(0);
    expect(carrier.close(5)).toBe(0);
    expect(buffers()).toHaveLength(1);
    expect(carrier.get(MESSAGE.MUNMAP, (fields) => fields.u64(0x7000_0000n).u64(4096n)).ret).toBe(0);
    expect(buffers()).toEqual([]);
  });

  it('is not mapped past its end, and a fixed mapping that fails leaves a hole', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, PAGE, 4);
    const map = (length: bigint, flags: number, at: bigint) =>
      carrier.get(MESSAGE.MMAP, (fields) =>
        fields.u32(4).u64(0x6000_0000n).u64(length).u32(3).u32(flags).u64(0n).u64(at),
      );
    expect(map(8192n, 1, 0x7000_0000n).ret).toBe(EINVAL);
    const asked = map(4096n, 0x11, 0n);
    expect([asked.ret, asked.fields.u32()]).toEqual([0, FLAG.NATIVE]);
    const refused = map(8192n, 0x11, 0n);
    expect([refused.ret, refused.fields.u32()]).toEqual([EINVAL, FLAG.HOLE]);
  });

  it('whose number was closed unseen makes room for the next of that number', () => {
    const carrier = started(server);
    carrier.open('/dev/dma_heap/system', 3);
    carrier.alloc(3, PAGE, 4);
    expect(carrier.alloc(3, 2 * PAGE, 4)).toMatchObject({ ret: 0, flags: FLAG.TAKEN });
    expect(buffers()).toMatchObject([{ size: 8192n }]);
  });
});

describe('tasks', () => {
  it('go on in a child that speaks before its parent', () => {
    const parent = started(server);
    parent.open('/dev/dma_heap/system', 3);
    parent.alloc(3, PAGE, 4);
    const child = new Carrier(server);
    expect(child.hello({ how: HOW.FORKED, pid: 101, ppid: 100 })).toBeUndefined();
    expect(parent.get(MESSAGE.FORK, (fields) => fields.u32(101)).ret).toBe(0);
    expect(child.told).toHaveLength(1);
    expect(child.peer.process?.task).toBe('app.101');
  });

  it('keep their name over exec', () => {
    const server1 = server;
    const first = started(server1);
    first.get(MESSAGE.EXEC, (fields) => fields.str('/bin/other').u32(0));
    server1.running.add(100);
    first.end();
    const second = started(server1, { how: HOW.EXECED, pid: 100 });
    expect(second.peer.process?.task).toBe('app');
  });
});
