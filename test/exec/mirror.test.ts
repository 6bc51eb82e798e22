import { existsSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestServer } from './carrier.ts';

let server: TestServer;
beforeEach(() => {
  server = new TestServer();
});
afterEach(() => server.close());

it('a session that somebody has removed does not come back while its server looks after its nodes', () => {
  rmSync(server.directory, { recursive: true });
  server.exchange.tick(true);
  expect(existsSync(server.directory)).toBe(false);
});
