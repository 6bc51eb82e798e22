import { CAPTURE_SCRIPT } from '../capture-script.ts';
import { examples, type Registry } from '../registry.ts';

/** `dmaheap capture`: a script for a reporter's target. */
export function captureCommand({ program, shell }: Registry): void {
  const command = program
    .command('capture')
    .summary('print a script that gathers a target’s state')
    .description(
      'Prints a POSIX shell script for a target. Run there as root, it prints one text: kernel log, /proc, CMA debugfs, live buffers, the part of the device tree that memory depends on. It asks for nothing, sends nothing and changes nothing; seeds, MAC addresses and serial numbers are left out. reconstruct reads that text, and boot takes the board from it.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap capture > capture.sh',
        'ssh root@target sh < capture.sh > capture.txt',
        'dmaheap capture | adb shell su 0 sh > capture.txt',
        'dmaheap reconstruct capture.txt',
      ),
    )
    .action(async () => {
      const sh = shell(command);
      await sh.answer(
        () => ({ schema: 'dmaheap.capture/1', script: CAPTURE_SCRIPT }),
        () => CAPTURE_SCRIPT,
      );
    });
}
