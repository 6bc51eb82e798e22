/** An option of a boot that is given twice keeps both values, or is refused: none is passed over. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addBootInputs } from '../../src/cli/read/boot-inputs.ts';

/** Two values of each option that takes one. */
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  '--kernel': ['6.1', '6.6'],
  '--arch': ['arm', 'arm64'],
  '--cmdline': ['cma=8M', 'mem=700M'],
  '--bootargs': ['cma=8M', 'mem=700M'],
  '--memory': ['0x40000000:1M', '0x50000000:1M'],
  '--reserve': ['kernel=0x40000000:1M', 'optee=0x41000000:1M'],
  '--preset': ['rpi', 'debian'],
  '--config': ['CMA_SIZE_MBYTES=3', 'CMA_AREAS=4'],
  '--coherent': ['v1', 'off'],
  '--accounting': ['memcg', 'dmem-cma-v2'],
  '--vendor': ['ti-6.1', 'acme.yaml'],
  '--unflattened-tree': ['4096', '8192'],
  '--nofile': ['3', '4'],
  '--mode': ['0660', '0600'],
  '--group': ['video', 'render'],
  '--evict': ['1', '2'],
  '--fault': ['errno=ENOMEM', 'errno=EBUSY'],
};

const command = (): Command =>
  addBootInputs(new Command('boot').exitOverride().configureOutput({ writeErr: () => {} }), 'Boot inputs:');

const parsed = (...words: readonly string[]) => command().parse(words, { from: 'user' }).opts();

const flags = command().options.map(({ long }) => long ?? '');

describe.each(flags)('%s', (flag) => {
  const [a, b] = VALUES[flag] ?? ['', ''];

  it('given twice is kept twice, or refused with the first value named', () => {
    expect(a, `two values of ${flag} are to be named here`).not.toBe('');
    let both: unknown;
    try {
      both = parsed(flag, a, flag, b);
    } catch (error) {
      expect(error).toMatchObject({ code: 'commander.invalidArgument' });
      expect((error as Error).message).toContain(`given as '${a}' before`);
      return;
    }
    expect(both).not.toEqual(parsed(flag, b));
    expect(both).not.toEqual(parsed(flag, a));
  });

  it('given twice alike is given once', () => {
    const collects = ['--memory', '--reserve', '--fault', '--accounting'];
    if (!collects.includes(flag)) expect(parsed(flag, a, flag, a)).toEqual(parsed(flag, a));
  });
});
