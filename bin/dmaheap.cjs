#!/usr/bin/env node
'use strict';
const { load } = require('./load-bundle.cjs');
try {
  load('cli.cjs');
} catch (error) {
  if (error.code !== 'ENOENT' || !/dist[\\/]cli\.cjs$/.test(error.path)) throw error;
  process.exitCode = 70;
  const { writeSync } = require('node:fs');
  try {
    writeSync(2, 'dmaheap is not built yet: run `npm install && npm run build` in its directory first\n');
  } catch {
    // There is nobody to tell.
  }
}
