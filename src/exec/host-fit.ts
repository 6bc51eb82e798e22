/** Whether this host can run native programs against the emulated kernel: what cannot be is refused by name. */
import { ExecFailure } from './exec-failure.ts';

/** @throws ExecFailure where native programs cannot be run at all */
export function refuseHost(platform: string = process.platform, arch: string = process.arch): void {
  if (platform !== 'linux') {
    throw new ExecFailure(
      'exec-host',
      `exec runs native programs of Linux, and this is ${platform}`,
      'Run it in a Linux container or virtual machine; all other commands work here',
    );
  }
  if (!/^(x64|arm64)$/.test(arch)) {
    throw new ExecFailure(
      'exec-host',
      `exec carries programs of x86-64 and AArch64, and this machine is ${arch}`,
    );
  }
}
