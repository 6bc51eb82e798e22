#!/usr/bin/env node
'use strict';
try {
  require('../dist/cli.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND' || !/dist[\\/]cli\.cjs/.test(error.message)) throw error;
  process.stderr.write(
    'dmaheap is not built yet: run `npm install && npm run build` in its directory first\n',
  );
  process.exitCode = 70;
}
