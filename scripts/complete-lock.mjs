// npm run lock: puts optional packages of other platforms back into package-lock.json.
//
// npm leaves a platform's binary out of the lock when the registry at hand does not carry it; `npm ci`
// then refuses the lock everywhere. What is written here is what npm would have written, without a hash.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const PLATFORM = /[-/](android|darwin|linux|win32)-([a-z0-9]+)(?:-(musl))?$/;

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key]) continue;
    const [, os, cpu, libc] = PLATFORM.exec(name) ?? [];
    if (os === undefined) throw new Error(`${name}: no platform in its name; add it by hand`);
    lock.packages[key] = {
      version,
      cpu: [cpu],
      ...(parent.dev && { dev: true }),
      ...(libc && { libc: [libc] }),
      license: parent.license,
      optional: true,
      os: [os],
    };
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
