import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { bundleChild } from './bundle-child.ts';
import { KilledCommands, SIGNALS } from './killed-commands.ts';
import { MixedModel } from './mixed-model.ts';
import { runMixed } from './mixed-session.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-mixed-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('8 processes run 128 mixed commands on one session: each answers, and what it answered is there', async () => {
  const result = await runMixed(join(directory, 'mixed'), { processes: 8, commands: 16, seed: 1 });
  expect(result.problems).toEqual([]);
  expect(result.failures).toEqual(new Map());
  expect(result.commands).toBe(128);
  expect(result.open).toBeGreaterThan(10);
});

it('commands run on a session that is owned meanwhile, by one process after the other that is killed', async () => {
  const bundle = await bundleChild();
  const options = { processes: 3, commands: 7, seed: 2, owner: { bundle, killedAfter: 800 } };
  const result = await runMixed(join(directory, 'owned'), options);
  rmSync(bundle, { force: true });
  expect(result.problems).toEqual([]);
  expect(result.commands).toBe(21);
  expect(result.owner?.killed).toBeGreaterThan(0);
  expect(result.owner?.done).toBeGreaterThan(0);
});

it('commands that get a signal leave the session as before or as after them', async () => {
  const session = new KilledCommands(join(directory, 'killed'), new Random(3));
  await session.boot();
  // On a machine whose load changes many signals come too late: then there are more of them.
  for (let i = 0; i < 12 || (session.counts.killed < 4 && i < 48); i++)
    await session.kill(SIGNALS[i % 4] ?? 'SIGKILL', i % 2 ? undefined : (9 * i) % 100);
  expect(session.counts.killed).toBeGreaterThan(3);
});

it('the model of mixed commands notices what is lost, made up and handed out twice', () => {
  const model = new MixedModel();
  const buffer = { heap: 'system', size: 4096, head: new Uint8Array(16) };
  model.opened({ task: 'shell', fd: 4, buffer }, 'w1');
  model.opened({ task: 'shell', fd: 5, buffer }, 'w1');
  const fds = [
    { task: 'shell', fd: 4 },
    { task: 'w2', fd: 3 },
  ];
  const listed = JSON.stringify({ buffers: [{ heap: 'system', size: 4096, fds }] });
  expect(model.compare(listed)).toEqual({ lost: ['shell:5'], unknown: ['w2:3'] });
  expect(model.problems).toEqual([]);
  model.opened({ task: 'shell', fd: 4, buffer }, 'w2');
  expect(model.problems).toEqual(["w2 was given shell:4, which is another's"]);
  model.compareJournal([]);
  expect(model.problems).toContain('in the journal shell:4 is not open');
});
