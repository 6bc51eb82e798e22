// The licences of what is not ours in what the build makes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The licence texts of every package that went into bundles, by what esbuild tells of them. */
export function licencesOf(root, metafiles) {
  const packages = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const match = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match) packages.add(match[1]);
    }
  }
  return [...packages]
    .sort()
    .map((name) => {
      const home = join(root, 'node_modules', name);
      const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
      const file = readdirSync(home).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
      const text =
        file === undefined ? `Licence: ${manifest.license}` : readFileSync(join(home, file), 'utf8').trim();
      return `${'='.repeat(80)}\n${name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
    })
    .join('\n');
}
