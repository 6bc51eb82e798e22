/** Tells what a run did not expect, and lets the process fail when there is any. */
export function tellUnexpected(unexpected: readonly string[]): void {
  for (const line of unexpected) console.log(`UNEXPECTED ${line}`);
  if (unexpected.length > 0) process.exitCode = 1;
}
