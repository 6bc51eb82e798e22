/** Bundles from elsewhere: whatever they hold, nothing but a named diagnostic comes of it. */
import { createReadStream, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { InvalidInput } from '../../src/diagnostic.ts';
import { MAX_BUNDLE_FILE } from '../../src/scenario/export/bundle-form.ts';
import { readBundle, writeBundle } from '../../src/scenario/export/index.ts';
import { Random } from '../fuzz/random.ts';

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'dmaheap-bundle-')));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Header {
  readonly name: string;
  readonly data?: string | Uint8Array;
  /** tar's letter: 0 file, 1 hard link, 2 symbolic link, 3 character device, 5 directory. */
  readonly type?: string;
  readonly linkname?: string;
  /** What the header says, whatever there is. */
  readonly size?: number;
  readonly prefix?: string;
}

/** A header and its data by hand, as an attacker makes them. */
function entry({ name, data = '', type = '0', linkname = '', size, prefix = '' }: Header): Uint8Array {
  const bytes = Buffer.from(data);
  const block = Buffer.alloc(512);
  const put = (text: string, at: number) => block.write(text, at, 'latin1');
  put(name, 0);
  put('0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  put('        ', 148);
  put(type, 156);
  put(linkname, 157);
  put('ustar\x0000', 257);
  put(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);
const SCENARIO: Header = { name: 'scenario.yaml', data: 'board: board.dtb\n' };

/** The first diagnostic's code of an archive, or what was read. */
async function reading(archive: Uint8Array): Promise<string | readonly string[]> {
  const file = join(directory, 'bundle.tar.gz');
  writeFileSync(file, archive);
  try {
    return [...(await readBundle(file, createReadStream(file))).keys()];
  } catch (error) {
    if (error instanceof InvalidInput) return error.diagnostics[0]?.code ?? '';
    throw error;
  }
}

const archived = (...entries: readonly Header[]) =>
  reading(gzipSync(Buffer.concat([...entries.map(entry), END])));

describe('a bundle', () => {
  it('gives its scenario and its board, and looks at the rest', async () => {
    expect(
      await archived({ name: 'info.json', data: '{}' }, SCENARIO, { name: 'board.dtb', data: 'x' }),
    ).toEqual(['scenario.yaml', 'board.dtb']);
  });

  it('comes back from what was written, the same bytes each time', async () => {
    const parts = {
      scenario: 'board: board.dtb\n',
      board: Uint8Array.of(1, 2, 3),
      entries: [],
      log: '',
      hazards: [],
      memory: {
        bytes: 4096,
        pieces: [
          {
            file: 'memory/0x60000000.raw',
            address: 0x60000000n,
            bytes: new Uint8Array(4096).fill(1),
            buffer: 1,
            offset: 0n,
          },
        ],
      },
      info: { dmaheap: 'x' },
    };
    const bytes = await writeBundle(parts);
    expect(await reading(bytes)).toEqual(['scenario.yaml', 'board.dtb']);
    expect(await writeBundle(parts)).toEqual(bytes);
    // Regular files of nobody, from the beginning of time.
    const first = gunzipSync(bytes).subarray(0, 512);
    for (const at of [108, 116]) expect(Number.parseInt(first.toString('latin1', at, at + 7), 8)).toBe(0);
    expect(first.subarray(136, 147).toString()).toBe('00000000000');
  });

  it('with links and devices is refused', async () => {
    for (const type of ['1', '2', '3', '4', '5', '6']) {
      const hostile = { name: 'board.dtb', type, linkname: '/etc/passwd' };
      expect(await archived(hostile, SCENARIO)).toBe('bundle-not-a-file');
    }
  });

  it('with names that lead elsewhere is refused', async () => {
    for (const name of ['../scenario.yaml', 'memory/../../x', '..', 'memory\\..\\x']) {
      expect(await archived({ name, data: 'x' }, SCENARIO)).toBe('bundle-path');
    }
    for (const name of ['/etc/passwd', '\\x', 'C:\\x', 'c:/x']) {
      expect(await archived({ name, data: 'x' }, SCENARIO)).toBe('bundle-path');
    }
    expect(await archived({ name: 'scenario.yaml', prefix: '..' }, SCENARIO)).toBe('bundle-path');
    expect(await archived({ name: 'x', type: 'L', data: '../../x\0' }, { name: 'short' })).not.toEqual([]);
    const record = '20 path=../../evil\n\n';
    expect(await archived({ name: 'pax', type: 'x', data: record }, { name: 'board.dtb', data: 'x' })).toBe(
      'bundle-path',
    );
  });

  it('with files that no bundle has, or one of them twice, is refused', async () => {
    for (const name of [
      'evil.sh',
      'scenario.yaml.exe',
      'memory/0xZZ.raw',
      './scenario.yaml',
      'memory/0x1.raw/x',
    ]) {
      expect(await archived({ name, data: 'x' }, SCENARIO)).toBe('bundle-unknown-file');
    }
    expect(await archived(SCENARIO, SCENARIO)).toBe('bundle-duplicate');
  });

  it('without a scenario is refused', async () => {
    expect(await archived({ name: 'info.json', data: '{}' })).toBe('bundle-incomplete');
    expect(await reading(gzipSync(END))).toBe('bundle-incomplete');
  });

  it('whose header promises too much is refused before any of it is read', async () => {
    expect(await archived({ ...SCENARIO, size: MAX_BUNDLE_FILE + 1 })).toBe('bundle-too-large');
    expect(await archived({ ...SCENARIO, size: 0o77777777777 })).toBe('bundle-too-large');
  });

  it('that is a bomb ends early', async () => {
    // Four files of 127 MiB fit; a fifth does not. Zeros, so that the archive itself is small.
    const data = new Uint8Array(MAX_BUNDLE_FILE);
    const block = (name: string) => gzipSync(entry({ name, data }), { level: 1 });
    const members = ['journal.jsonl', 'log.txt', 'hazards.jsonl', 'info.json', 'board.dtb'].map(block);
    const bomb = Buffer.concat(members);
    expect(bomb.length).toBeLessThan(8 << 20);
    expect(await reading(bomb)).toBe('bundle-too-large');
  }, 60_000);

  it('with too many files is refused', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => ({
      name: `memory/0x${i.toString(16)}000.raw`,
      data: 'x',
    }));
    expect(await archived(...many, SCENARIO)).toBe('bundle-too-large');
  });

  it('that is cut off, or no archive at all, is named as damaged', async () => {
    const whole = gzipSync(
      Buffer.concat([entry(SCENARIO), entry({ name: 'board.dtb', data: 'x'.repeat(5000) }), END]),
    );
    for (const length of [0, 1, 5, 12, whole.length >> 1, whole.length - 9, whole.length - 1]) {
      expect(await reading(whole.subarray(0, length))).toBe(
        length === 0 ? 'bundle-damaged' : 'bundle-damaged',
      );
    }
    expect(await reading(Buffer.from('schema: x\n'))).toBe('bundle-damaged');
    expect(await reading(gzipSync('not a tar'.repeat(100)))).toBe('bundle-damaged');
    const shortened = Buffer.concat([entry({ ...SCENARIO, size: 5000 })]);
    expect(await reading(gzipSync(shortened))).toBe('bundle-damaged');
  });

  it('with any bytes changed is read, or refused by name', async () => {
    const random = new Random(1);
    const plain = Buffer.concat([entry(SCENARIO), entry({ name: 'board.dtb', data: 'x'.repeat(2000) }), END]);
    for (let i = 0; i < 300; i++) {
      const broken = Buffer.from(plain);
      for (let n = 1 + random.below(4); n > 0; n--) broken[random.below(600)] = random.below(256);
      const found = await reading(gzipSync(broken));
      if (typeof found === 'string') expect(found).toMatch(/^bundle-/);
    }
  });
});
