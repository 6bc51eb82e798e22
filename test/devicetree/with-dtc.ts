/** The device-tree compiler, to compare with where it is installed. */
import { execFileSync } from 'node:child_process';

function hasDtc(): boolean {
  try {
    execFileSync('dtc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const DTC_INSTALLED = hasDtc();

/** Says loudly that a comparison is missing; in CI that is a failure. */
export function missingDtc(): void {
  const message = 'dtc is not installed: our blobs were NOT compared with it';
  if (process.env.CI) throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
}

/** Runs dtc on `input`, quietly. */
export const dtc = (args: readonly string[], input: Uint8Array | string): Uint8Array =>
  new Uint8Array(
    execFileSync('dtc', ['-q', ...args, '-o', '-', '-'], {
      input,
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  );
