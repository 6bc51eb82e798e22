/** Record, export, run, replay: on the built command, as somebody who reports a bug does it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshPlace } from './built-command.ts';

/** A session with a past: two tasks, a device, an allocation that fails, bytes. */
const HISTORY = [
  'dmaheap boot boards/camera-soc.dtb --group video > list.txt',
  'dmaheap alloc vpu-pool@50000000 300K --name frame',
  'printf hello | dmaheap write 4:16',
  'dmaheap alloc video-cma@60000000 65M',
  'dmaheap --task camera alloc default_cma_region 8M --count 2',
  'dmaheap task send 4 camera',
  'dmaheap device attach a200000.camera 4 && dmaheap device map a200000.camera 4 --direction from-device',
  'dmaheap fill 4:4K:8K 0x11 --as a200000.camera',
  'dmaheap --task camera free 4',
  'dmaheap sleep 6',
  'dmaheap free 9',
];

describe('export', () => {
  it('makes a scenario of a session, which runs, and says what another command line would change', async () => {
    const { transcript, dir } = freshPlace();
    expect(
      await transcript(
        ...HISTORY,
        'dmaheap export --output bug.yaml',
        'cat bug.yaml',
        'cmp bug.board.dtb boards/camera-soc.dtb',
        'dmaheap run bug.yaml',
        'dmaheap replay bug.yaml',
        'dmaheap replay bug.yaml --cmdline cma=64M',
        'dmaheap replay bug.yaml --board boards/two-bank.dtb | head -12',
        'dmaheap replay bug.yaml --cmdline mem=1M',
      ),
    ).toMatchSnapshot();
    // A file that somebody changed: the first answer that differs ends it.
    const file = join(dir, 'bug.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('fd: 4, phys: 0x50000000', 'fd: 4, phys: 0x50001000'),
    );
    expect(
      await transcript(
        'dmaheap replay bug.yaml',
        'dmaheap replay bug.yaml --json | jq .differences[0].mismatches',
      ),
    ).toMatchSnapshot();
  });

  it('prints the scenario with the name of the board as it was given, while that is the board', async () => {
    const { sh } = freshPlace();
    for (const line of HISTORY.slice(0, 3)) await sh(line);
    const printed = await sh('dmaheap export');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain('board: boards/camera-soc.dtb\n');
    expect(await sh('dmaheap export > here.yaml && dmaheap run here.yaml')).toMatchObject({ code: 0 });
    expect(await sh('dmaheap export | dmaheap replay -')).toMatchObject({ code: 0 });
    expect(
      await sh(
        'cp boards/camera-soc.dtb mine.dtb && dmaheap boot mine.dtb --force && rm mine.dtb && dmaheap export',
      ),
    ).toMatchObject({ code: 2 });
    expect((await sh('dmaheap boot - --force < boards/camera-soc.dtb; dmaheap export')).stderr).toContain(
      'it has no name',
    );
    expect(
      await sh(
        'dmaheap boot boards/camera-soc.yaml --force; dmaheap export > yaml.yaml && dmaheap run yaml.yaml',
      ),
    ).toMatchObject({ code: 0 });
  });

  it('does not depend on when or where, and leaves the session as it was', async () => {
    const [one, two] = [freshPlace(), freshPlace()];
    for (const { sh } of [one, two]) for (const line of HISTORY) await sh(line);
    const bytes: Buffer[] = [];
    for (const { sh, dir } of [one, two]) {
      const before = (await sh('dmaheap session info --json')).stdout;
      expect(await sh('dmaheap export --bundle bug.tar.gz')).toMatchObject({
        code: 0,
        stdout: '',
        stderr: '',
      });
      expect((await sh('dmaheap session info --json')).stdout).toBe(before);
      bytes.push(readFileSync(join(dir, 'bug.tar.gz')));
    }
    expect(bytes[0]).toEqual(bytes[1]);
  });

  it('bundles what one needs to look into it', async () => {
    const { sh, transcript } = freshPlace();
    for (const line of HISTORY) await sh(line);
    expect(
      await transcript(
        'dmaheap export --bundle bug.tar.gz --json | jq "del(.bytes)"',
        'tar xzf bug.tar.gz && find . -name "*.raw" && wc -l journal.jsonl && cat info.json log.txt | tail -20',
        'cmp board.dtb boards/camera-soc.dtb && dmaheap run scenario.yaml',
        'dmaheap replay bug.tar.gz',
        'head -c 2000 bug.tar.gz > half.tar.gz; dmaheap replay half.tar.gz',
        'ln -s /etc/passwd board.dtb2; tar czf link.tar.gz scenario.yaml board.dtb2; dmaheap replay link.tar.gz',
        'tar czf up.tar.gz -P ../../etc/hostname; dmaheap replay up.tar.gz --json | jq -r .error.code',
        'dmaheap replay nosuch.tar.gz',
      ),
    ).toMatchSnapshot();
  });
});
