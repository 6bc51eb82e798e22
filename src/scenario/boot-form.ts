/** The form of what a boot loader and a user give beside the board: the options of `dmaheap boot`. */
import * as z from 'zod';
import { ACCOUNTING } from '../profile/accounting.ts';
import {
  EXPECTED_FAULT,
  EXPECTED_SPAN,
  type Form,
  fault,
  means,
  scalar,
  size,
  span,
  text,
  whole,
  wordOrNumber,
} from './value-forms.ts';

const spans = z.union([span, z.array(span)], { error: `${EXPECTED_SPAN}, or a list of them` });
const texts = z.array(text, { error: 'a list of texts' });

export const bootSchema = z
  .strictObject(
    {
      kernel: means(wordOrNumber, 'The Linux that boots: 6.12, 6.12.105, nearest:6.15.'),
      cmdline: means(text, "The kernel command line, instead of the board's."),
      memory: means(spans, "RAM, instead of the board's own."),
      reserve: means(
        z.object({ kernel: span.optional(), initrd: span.optional(), dtb: span.optional() }).catchall(span),
        'Where the boot loader put the kernel, initrd and dtb, and by any other name what firmware keeps.',
      ),
      config: means(
        z.record(z.string(), scalar, { error: 'options of the configuration by name' }),
        'Kernel configuration: { CMA_SIZE_MBYTES: 64 }',
      ),
      coherent: means(
        z.enum(['v3', 'off'], { error: 'v3 or off' }),
        'The coherent heap series: v3 unless given, and off with kernel.',
      ),
      accounting: means(
        z.array(z.enum(ACCOUNTING, { error: ACCOUNTING.join(', ') }), { error: 'a list of switches' }),
        'Which heaps charge cgroups: [memcg]',
      ),
      'unflattened-tree': means(size, 'What the device tree takes when Linux has unfolded it, bytes.'),
      nofile: means(whole, "The shell task's RLIMIT_NOFILE."),
      mode: means(wordOrNumber, "Permission bits of the heaps' nodes, octal: 0660."),
      group: means(wordOrNumber, 'Group of these nodes: video, 44.'),
      evict: means(whole, 'A seed: cache lines go by chance.'),
      fault: means(
        z.union([fault, z.array(fault)], { error: `${EXPECTED_FAULT}, or a list of them` }),
        'Fault rules, from boot on.',
      ),
      include: means(texts, 'Directories for /include/ and #include.'),
      define: means(texts, 'Macros of the preprocessor: NAME=VALUE.'),
      overlay: means(texts, 'Overlays that are laid over the board, in order.'),
    },
    { error: 'boot inputs by name: cmdline, memory and the like' },
  )
  .meta({ id: 'boot', description: 'What a boot loader and a user give beside the board.' });

export type ScenarioBoot = Form<z.output<typeof bootSchema>>;
