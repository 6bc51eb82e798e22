#!/usr/bin/env node
'use strict';
const { load } = require('./load-bundle.cjs');
try {
  load('cli.cjs');
} catch (error) {
  if (error.code !== 'ENOENT' || !/dist[\\/]cli\.cjs$/.test(error.path)) throw error;
  process.stderr.write(
    'dmaheap is not built yet: run `npm install && npm run build` in its directory first\n',
  );
  process.exitCode = 70;
}
