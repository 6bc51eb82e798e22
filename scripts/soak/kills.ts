// Kills processes in the middle of their work, and compares the session with a model of the acknowledged calls
// after every kill.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../test/fuzz/random.ts';
import { bundleChild } from '../../test/session/bundle-child.ts';
import { KilledSession, POINTS } from '../../test/session/killed-session.ts';

export async function soakKills(kills: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-soak-'));
  const bundle = await bundleChild();
  const start = Date.now();
  console.log(`${kills} kills, seed ${seed}`);
  try {
    const session = new KilledSession(join(directory, 'session'), bundle);
    for (let kill = 1; kill <= kills; kill++) {
      // Half at named points, half whenever: the latter fall inside SQLite's commit too.
      if (random.oneIn(2)) await session.killAt(random.pick(POINTS), 1 + random.below(12), seed + kill);
      else await session.killAfter(random.below(200), seed + kill);
      if (kill % 100 === 0) console.log(`${kill} kills, ${Math.round((Date.now() - start) / 1000)} s`);
    }
    const { calls, lost, kept, boots } = session.counts;
    console.log(`${kills} kills: ${calls} calls were answered, among them ${boots} boots.`);
    console.log(`Of the calls that were cut off, ${kept} had happened and ${lost} had not.`);
    console.log('The session agreed with the model after every kill.');
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(bundle, { force: true });
  }
}
