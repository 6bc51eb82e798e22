/** The forms of what is expected: of a step, and of the whole machine. */
import * as z from 'zod';
import { expectedNumber, type Form, flags, hex, match, matches, means, text, words } from './value-forms.ts';

const faultName: z.ZodType<string> = z.enum(['SegmentationFault', 'BusError', 'IommuFault', 'any'], {
  error: 'SegmentationFault, BusError, IommuFault or any',
});
const HAZARDS = 'stale-read, lost-write, stray-dma';
const hazardKinds: z.ZodType<string[]> = z.array(z.enum(['stale-read', 'lost-write', 'stray-dma']), {
  error: `a list of ${HAZARDS}`,
});

export const expectSchema = z
  .strictObject(
    {
      errno: means(text, 'The name of the errno; any: whatever it answers.'),
      ret: means(expectedNumber, 'What the call returned.'),
      fd: means(expectedNumber, 'The number of the descriptor that it made.'),
      size: means(expectedNumber, 'Bytes of the buffer.'),
      phys: means(
        z.union([expectedNumber, z.array(z.tuple([expectedNumber, expectedNumber]))], {
          error: 'an address, or a list of [address, pages]',
        }),
        'The first address of the buffer, or its runs as [address, pages].',
      ),
      getfl: means(flags, 'The flags of the buffer’s file.'),
      getfd: means(flags, 'The flags of its descriptor: FD_CLOEXEC or 0.'),
      dma: means(expectedNumber, 'The first address that the device got.'),
      log: means(matches, 'Lines that the step caused, in order; none: there are none.'),
      fault: means(faultName, 'The name of the fault that the access took.'),
      hazards: means(
        z.union([z.literal('none'), expectedNumber, hazardKinds], {
          error: `none, a number, or a list of ${HAZARDS}`,
        }),
        'What went wrong with shared memory.',
      ),
      bytes: means(hex, 'What was read.'),
      sha256: means(text, 'The SHA-256 of what was read.'),
      text: means(match, 'What was read, as text.'),
      names: means(z.array(text, { error: 'a list of names' }), 'The names in the directory, in order.'),
      arg: means(hex, 'The argument of the ioctl as it came back.'),
      revents: means(words('events joined by |, or a number'), 'What the descriptor is ready for.'),
      value: means(
        z.record(z.string(), expectedNumber, { error: 'numbers by their names' }),
        'Other numbers that the action shows, by name.',
      ),
    },
    { error: 'what is expected, by name: errno, phys, size, log and the like' },
  )
  .meta({ id: 'expect', description: 'What the step must answer. Without errno and fault it must succeed.' });

/** What a step is expected to answer. Without `errno` and `fault` it must succeed. */
export type Expect = Form<z.output<typeof expectSchema>>;

const heapExpectation = z.strictObject(
  {
    free: expectedNumber.optional(),
    largest: expectedNumber.optional(),
    size: expectedNumber.optional(),
    buffers: expectedNumber.optional(),
    base: expectedNumber.optional(),
    region: text.optional(),
  },
  { error: 'free, largest, size, buffers, base, region' },
);

const regionExpectation = z.strictObject(
  {
    base: expectedNumber.optional(),
    size: expectedNumber.optional(),
    kind: z
      .enum(['cma', 'coherent', 'reserved', 'none'], { error: 'cma, coherent, reserved or none' })
      .optional(),
    heaps: z.array(text, { error: 'a list of names' }).optional(),
    why: text.optional(),
  },
  { error: 'base, size, kind, heaps, why' },
);

const absent = z.literal('absent');

const noneOrNumber = z.union([z.literal('none'), expectedNumber], { error: 'none, or a number' });

export const endExpectSchema = z
  .strictObject(
    {
      leaks: means(noneOrNumber, 'Buffers that are still alive.'),
      hazards: means(noneOrNumber, 'Stale reads, lost writes, stray DMA since boot.'),
      buffers: means(expectedNumber, 'How many buffers there are.'),
      heaps: means(
        z.record(z.string(), z.union([absent, heapExpectation], { error: 'absent, or what it has' }), {
          error: 'heaps by their names',
        }),
        'What heaps have left, and where they are: { video-cma@60000000: { largest: ">= 8M" } }; absent: there is none.',
      ),
      regions: means(
        z.record(
          z.string(),
          z.union([absent, regionExpectation], { error: 'absent, or what became of it' }),
          {
            error: 'regions by their names',
          },
        ),
        'What became of regions: { linux,cma: { base: 0x7e000000, heaps: [linux,cma] } }; absent: there is none.',
      ),
      log: means(matches, 'Each is somewhere in the whole log.'),
      'no-log': means(matches, 'None of them is anywhere in the log.'),
      cat: means(
        z.record(z.string(), match, { error: 'texts by the paths of files' }),
        'What files of /proc, /sys and /dev hold.',
      ),
      panic: means(match, 'What the boot dies of; then there are no steps.'),
    },
    { error: 'what must hold: leaks, heaps, log and the like' },
  )
  .meta({ id: 'end-expect' });

/** What must hold at the end, or at a `check`. */
export type EndExpect = Form<z.output<typeof endExpectSchema>>;
