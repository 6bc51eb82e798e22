/** The journal holds what happened, whole: calls, accesses, time, and what each of them left in the logs. */
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { JournalAccess, JournalCall, JournalEntry } from '../../src/session/journal.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { FIGETBSZ } from '../../src/uapi/fs.ts';

import { CMA, device, machine, POOL, Task } from '../kernel/machine.ts';
import { PAGE_SIZE } from '../pages.ts';

/** A session of the test machine, and what one transaction of it left in the journal. */
function journalOf(work: (shell: Task, kernel: Kernel) => void, evict?: number): readonly JournalEntry[] {
  const { records } = machine([device('cam')], evict === undefined ? {} : { evict });
  const session = new MemorySession(records, {
    board: new Uint8Array(),
    file: 'x',
    format: 'dtb',
    params: {},
  });
  session.transact((kernel) => work(new Task(kernel), kernel));
  return session.journal();
}

const calls = (entries: readonly JournalEntry[]) =>
  entries.filter((one): one is JournalCall => 'call' in one);
const accesses = (entries: readonly JournalEntry[]) =>
  entries.filter((one): one is JournalAccess => 'access' in one);

describe('the journal', () => {
  it('has accesses between the calls, in order', () => {
    const entries = journalOf((shell) => {
      const fd = shell.alloc('system', 8192n);
      const mapping = shell.map(fd, 8192n);
      shell.store(mapping, 10, [1, 2, 3]);
      shell.load(mapping, 10, 3);
    });
    expect(entries.map((one) => ('call' in one ? one.call.call : one.access))).toEqual([
      'open',
      'ioctl',
      'close',
      'mmap',
      'write',
      'read',
    ]);
    expect(entries.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
    const [written, read] = accesses(entries);
    expect(written).toMatchObject({
      place: { task: 'shell', mapping: 1, offset: 10n },
      kept: { length: 3, bytes: Uint8Array.of(1, 2, 3) },
    });
    expect(read?.kept).toEqual({ length: 3, bytes: Uint8Array.of(1, 2, 3) });
  });

  it('keeps written bytes up to 64 KiB, one byte all over whatever the length, and of others their SHA-256', () => {
    const long = Uint8Array.from({ length: 65_537 }, (_, i) => i & 0xff);
    const entries = journalOf((shell) => {
      const mapping = shell.map(shell.alloc(CMA, 1n << 20n), 1n << 20n);
      shell.store(mapping, 0, long.subarray(1));
      shell.store(mapping, 0, long);
      shell.store(mapping, 0, new Uint8Array(1 << 20).fill(0xaa));
      shell.load(mapping, 0, 64);
      shell.store(mapping, 0, long);
      shell.load(mapping, 0, 64);
      shell.load(mapping, 0, 65);
    });
    expect(accesses(entries).map(({ kept }) => kept)).toEqual([
      { length: 65_536, bytes: long.subarray(1) },
      { length: 65_537, sha256: sha256(long) },
      { length: 1 << 20, fill: 0xaa },
      { length: 64, fill: 0xaa },
      { length: 65_537, sha256: sha256(long) },
      { length: 64, bytes: long.subarray(0, 64) },
      { length: 65, sha256: sha256(long.subarray(0, 65)) },
    ]);
  });

  it('keeps the length alone of what is longer than 256 KiB', () => {
    const huge = Uint8Array.from({ length: 262_145 }, (_, i) => i & 0xff);
    const entries = journalOf((shell) => {
      const mapping = shell.map(shell.alloc(CMA, 1n << 20n), 1n << 20n);
      shell.store(mapping, 0, huge);
      shell.load(mapping, 0, huge.length);
    });
    const omitted = { length: huge.length, omitted: true };
    expect(accesses(entries).map(({ kept }) => kept)).toEqual([omitted, omitted]);
  });

  it('owns its bytes', () => {
    const mine = Uint8Array.of(1, 2, 3);
    const entries = journalOf((shell) => {
      shell.store(shell.map(shell.alloc('system', 4096n), 4096n), 0, mine);
      mine.fill(9);
    });
    expect(accesses(entries)[0]?.kept).toEqual({ length: 3, bytes: Uint8Array.of(1, 2, 3) });
  });

  it('says which fault ended an access, and reads of it nothing', () => {
    const entries = journalOf((shell, kernel) => {
      const mapping = shell.map(shell.alloc('system', 4096n), 4096n);
      expect(() => shell.load(mapping, 4000, 200)).toThrow('segmentation fault');
      expect(() => kernel.physMemory().write(0x10n, Uint8Array.of(7))).toThrow('bus error');
    });
    expect(accesses(entries)).toMatchObject([
      { access: 'read', fault: 'SegmentationFault', kept: { length: 200 } },
      { access: 'write', fault: 'BusError', place: { task: 'shell', address: 0x10n } },
    ]);
    expect(accesses(entries)[0]?.kept).toEqual({ length: 200 });
  });

  it('has DMA by the address or the attachment, and the address that a device got', () => {
    const entries = journalOf((shell, kernel) => {
      const attachment = shell.attach(shell.alloc(POOL, 4096n), 'cam');
      shell.mapFor(attachment);
      shell.dmaWrite(attachment, 5, [1, 2]);
      kernel.dma('cam').read(0x46000000n, new Uint8Array(2));
    });
    const mapped = calls(entries).find(({ call }) => call.call === 'dma_buf_map_attachment');
    expect(mapped?.dma).toBe(0x46000000n);
    expect(accesses(entries).map(({ place }) => place)).toEqual([
      { attachment: 1, offset: 5n },
      { device: 'cam', address: 0x46000000n },
    ]);
    expect(calls(entries).find(({ phys }) => phys !== undefined)?.phys).toBe(0x46000000n);
  });

  it('says which lines and hazards each entry caused, and no other', () => {
    const entries = journalOf((shell) => {
      const fd = shell.alloc(CMA, BigInt(PAGE_SIZE));
      expect(() => shell.alloc(CMA, 64n << 20n)).toThrow('ENOMEM');
      shell.mapFor(shell.attach(fd, 'cam'));
      shell.store(shell.map(fd, BigInt(PAGE_SIZE)), 0, [1]);
      shell.dmaRead(1, 0, 1);
      shell.call({ call: 'dup', fd });
    });
    const failed = calls(entries).find(({ result }) => result.errno === 'ENOMEM');
    expect(failed?.log?.[1]).toBeGreaterThan(failed?.log?.[0] ?? 0);
    const read = accesses(entries).find(({ access }) => access === 'read');
    expect(read?.hazards).toEqual([0, 1]);
    expect(entries.filter(({ log }) => log !== undefined)).toEqual([failed]);
    expect(entries.filter(({ hazards }) => hazards !== undefined)).toEqual([read]);
  });

  it('has time that passes, and what an argument was before the call where that changed', () => {
    const entries = journalOf((shell) => {
      shell.must({ call: 'sleep', nanoseconds: 6_000_000_000 });
      const fd = shell.must({ call: 'open', path: '/sys', flags: 0 });
      shell.call({ call: 'ioctl', fd, request: FIGETBSZ, arg: new Uint8Array(8).fill(7) });
    });
    expect(entries.map(({ clock }) => clock)).toEqual([6e9, 6e9, 6e9]);
    const asked = calls(entries)[2];
    expect(asked?.given).toEqual(new Uint8Array(8).fill(7));
    expect(asked?.call).not.toMatchObject({ arg: asked?.given });
  });

  it('counts calls and accesses apart', () => {
    const { records } = machine();
    const session = new MemorySession(records, {
      board: new Uint8Array(),
      file: 'x',
      format: 'dtb',
      params: {},
    });
    session.transact((kernel) => {
      const shell = new Task(kernel);
      shell.store(shell.map(shell.alloc('system', 4096n), 4096n), 0, [1]);
    });
    expect(session.info()).toMatchObject({ calls: 4, entries: 5 });
    expect(session.journal(4)).toHaveLength(1);
  });

  it('goes back with a transaction that fails', () => {
    const { records } = machine();
    const session = new MemorySession(records, {
      board: new Uint8Array(),
      file: 'x',
      format: 'dtb',
      params: {},
    });
    const work = () =>
      session.transact((kernel) => {
        kernel.physMemory().write(0x48000000n, Uint8Array.of(1));
        throw new Error('no');
      });
    expect(work).toThrow('no');
    expect(session.journal()).toEqual([]);
  });
});
