/** What the capture keeps of a configuration is all that answers depend on, and is read as a whole one. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CAPTURE_SCRIPT } from '../../src/cli/capture-script.ts';
import { configKeys } from '../../src/profile/config.ts';
import { readConfigFile } from '../../src/profile/dot-config.ts';
import { givenKeys, OLD_NAMES } from '../../src/profile/given-option.ts';
import { NOTED } from '../../src/profile/noted-options.ts';
import { rebuilt } from './rebuilt.ts';

const pattern =
  /grep -E '([^']+)'/.exec(CAPTURE_SCRIPT.slice(CAPTURE_SCRIPT.indexOf('config() {')))?.[1] ?? '';
const kept = (text: string): string =>
  execFileSync('grep', ['-E', pattern], { input: text, encoding: 'utf8' });

/** Under what a kernel has no option of its own. */
const READ = [
  ...new Set([...givenKeys(), ...configKeys(), ...Object.keys(OLD_NAMES), ...Object.keys(NOTED)]),
  'CONFIG_ARM64_VA_BITS_48',
  'CONFIG_DMABUF_HEAPS',
];

const LOG = `[    0.000000] Linux version 6.12.118 (aarch64-linux-gnu-gcc)
[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000] Kernel command line: quiet
`;
const heapsOf = (config: string) =>
  rebuilt([
    { file: 'cap.txt', text: `=== /capture/dmesg ===\n${LOG}=== /capture/config ===\n${config}` },
  ]).kernel.heaps();

describe('the configuration in a capture', () => {
  it.each(READ)('keeps %s', (key) => {
    const lines = [`${key}=y`, `# ${key} is not set`];
    // An option with a value of its own is never "not set" of interest.
    expect(kept(`${lines.join('\n')}\n`).split('\n')).toContain(`${key}=y`);
  });

  it('keeps the first line, by which it is a whole one', () => {
    const head = '# Linux/arm64 6.12.118 Kernel Configuration';
    const text = kept(`#\n# Automatically generated file; DO NOT EDIT.\n${head}\n#\nCONFIG_CMA=y\n`);
    expect(text).toContain(head);
    expect(readConfigFile(text, 'x').file).toMatchObject({ whole: true, arch: 'arm64', release: '6.12.118' });
  });

  it('has no heaps where the kernel was built without', () => {
    expect(heapsOf('CONFIG_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n')).toEqual([]);
    expect(
      heapsOf(
        kept(
          '# Linux/arm64 6.12.118 Kernel Configuration\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n',
        ),
      ).map(({ backend }) => backend),
    ).toEqual(['cma']);
  });

  it.each([
    ['CONFIG_DMABUF_HEAPS', 'CONFIG_DMABUF_HEAPS_SYSTEM'],
    ['CONFIG_CMA', 'CONFIG_DMA_CMA'],
    ['CONFIG_DRM', 'CONFIG_DRM_VGEM'],
    ['CONFIG_CGROUPS', 'CONFIG_MEMCG'],
  ])('without %s there is no %s, in a part too', (above, below) => {
    const { whole, options } = readConfigFile(`# ${above} is not set\n`, 'part').file;
    expect(whole).toBe(false);
    expect(options[below]).toBe('n');
    expect(readConfigFile(`${above}=y\n`, 'part').file.options[below]).toBeUndefined();
  });
});
