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

/** The version of the dtc that is installed, `1.8.1`; empty when there is none or it does not say. */
const DTC_VERSION = DTC_INSTALLED
  ? (/(\d+\.\d+[.\d]*)/.exec(execFileSync('dtc', ['--version'], { encoding: 'utf8' }))?.[1] ?? '')
  : '';

/** Whether dtc is as new as this: what older ones do otherwise is compared with what a new one wrote. */
export const dtcIsSince = (major: number, minor: number): boolean => {
  const [ours = 0, theirs = 0] = DTC_VERSION.split('.').map(Number);
  return ours > major || (ours === major && theirs >= minor);
};
