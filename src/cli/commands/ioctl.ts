import {
  EXPECTED_ARGUMENT,
  ioctl,
  ioctlArgument,
  isAllocRequest,
  parseIoctlBytes,
} from '../../program/ioctl-argument.ts';
import { DMA_HEAP_ALLOCATION_DATA_SIZE, decodeDmaHeapAllocationData } from '../../uapi/dma-heap.ts';
import { IOC_READ, iocDir, iocSize } from '../../uapi/ioctl.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';
import { readRequest, requestName } from '../words/call-words.ts';

/** The caller's memory: the bytes, then zeros as far as the request reaches. */
function argumentOf(request: number, hex: string): Uint8Array {
  const given = parseIoctlBytes(hex);
  if (given !== undefined) return ioctlArgument(request, given);
  throw new UsageError(`"${hex}" is no sequence of bytes`, `Expected ${EXPECTED_ARGUMENT}: 0010000000000000`);
}

/** The fields of an answer where the request is known; of a struct of another size those that it has. */
function fieldsOf(request: number, bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (!isAllocRequest(request)) return undefined;
  const whole = new Uint8Array(Math.max(bytes.length, DMA_HEAP_ALLOCATION_DATA_SIZE));
  whole.set(bytes);
  const { len, fd, fd_flags, heap_flags } = decodeDmaHeapAllocationData(whole);
  return { len, fd, fd_flags, heap_flags };
}

/** `dmaheap ioctl FD REQUEST [BYTES]`: any request, with any bytes. */
export function ioctlCommand({ program, shell }: Registry): void {
  const command = completes(program.command('ioctl'), 'fd')
    .summary('any request with any bytes')
    .description(
      "ioctl(2) on a heap or a buffer. The argument is memory of the caller: the bytes given, little-endian as they lie there, and zeros up to the request's size. Prints what it returned and, when the request gives something back, the bytes as they are now. Of DMA_BUF_SET_NAME the argument is the string itself.",
    )
    .argument('<fd>', 'a descriptor')
    .argument('<request>', 'a number, or a name such as DMA_HEAP_IOCTL_ALLOC', readRequest)
    .argument('[bytes]', 'in hexadecimal, as they lie in memory')
    .option('--null', 'the argument is a pointer to nothing')
    .addHelpText(
      'after',
      examples(
        'h=$(dmaheap open system)',
        'dmaheap ioctl $h DMA_HEAP_IOCTL_ALLOC "0010000000000000 00000000 02000800"',
        'dmaheap ioctl $h 0xc0104800 0010000000000000     # an older struct of 16 bytes',
        'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC 0700000000000000',
        'dmaheap ioctl 4 FIOCLEX',
      ),
    )
    .action(
      async (
        word: string,
        request: number,
        hex: string | undefined,
        options: { readonly null?: boolean },
      ) => {
        const sh = shell(command);
        const fd = readDescriptor(word);
        const isNull = options.null === true;
        if (isNull && hex !== undefined) throw new UsageError('--null has no bytes');
        const arg = isNull ? null : argumentOf(request, hex ?? '');
        const session = await sh.session('ioctl');
        const name = requestName(request);
        const bytes = () => (arg === null ? null : Buffer.from(arg).toString('hex'));
        const before = bytes();
        let ret: number;
        try {
          ({ ret } = await makeCalls(sh, session, ({ did }) =>
            did(`ioctl: ${fd} ${name}`, (caller) => ioctl(caller, { fd, request, arg })),
          ));
        } catch (error) {
          const [first] = error instanceof CallFailed ? error.calls : [];
          // A request that failed may have written to the argument all the same.
          if (first === undefined) throw error;
          throw new CallFailed([{ ...first, done: { ...first.done, fd, request: name, arg: bytes() } }]);
        }
        // A request that names no size may give something back all the same: FIGETBSZ.
        const given = bytes();
        const gives = (iocDir(request) & IOC_READ) !== 0 || (iocSize(request) === 0 && given !== before);
        const fields = arg === null ? undefined : fieldsOf(request, arg);
        await sh.answer(
          () => ({ schema: 'dmaheap.ioctl/1', fd, request: name, ret, arg: bytes(), fields: fields ?? null }),
          () => {
            const named = Object.entries(fields ?? {}).map(([key, value]) => `  ${key} ${value}\n`);
            return `ret ${ret}\n${gives && given !== null ? `arg ${given}\n${named.join('')}` : ''}`;
          },
        );
      },
    );
}
