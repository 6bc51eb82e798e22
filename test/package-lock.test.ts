import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
}

test('the lock names every platform’s optional packages, or npm ci refuses it (npm run lock)', () => {
  const { packages }: Lock = JSON.parse(
    readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
  );
  const optional = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(optional.length).toBeGreaterThan(10);
  expect(optional.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
});

test.each(['../package-lock.json', '../scripts/api-docs/package-lock.json'])(
  '%s names no registry',
  (lock) => {
    expect(readFileSync(new URL(lock, import.meta.url), 'utf8')).not.toMatch(/"resolved"/);
  },
);
