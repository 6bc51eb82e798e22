/** The form of what a boot loader and a user give beside the board: the options of `dmaheap boot`. */
import * as z from 'zod';
import { vendorSchema } from '../board/schema.ts';
import { ACCOUNTING } from '../profile/accounting.ts';
import { COHERENT_STATES } from '../profile/coherent-series.ts';
import { architectureNames } from '../profile/profile.ts';
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
const EXPECTED_CONFIG = 'options of the configuration by name, the name of a .config, or a list of these';
const configPiece = z.union([z.record(z.string(), scalar), text], { error: EXPECTED_CONFIG });
const texts = z.array(text, { error: 'a list of texts' });

export const bootSchema = z
  .strictObject(
    {
      kernel: means(wordOrNumber, 'The Linux that boots: 6.12, 6.12.105, nearest:6.15.'),
      arch: means(
        z.enum(architectureNames(), { error: architectureNames().join(', ') }),
        'The architecture of the kernel, where the board does not say: arm64.',
      ),
      cmdline: means(text, "The kernel command line, instead of the board's."),
      memory: means(spans, "RAM, instead of the board's own."),
      reserve: means(
        z.object({ kernel: span.optional(), initrd: span.optional(), dtb: span.optional() }).catchall(span),
        'Where the boot loader put the kernel, initrd and dtb, and by any other name what firmware keeps.',
      ),
      preset: means(text, 'A configuration that people run, by its name: debian'),
      config: means(
        z.union([configPiece, z.array(configPiece)], { error: EXPECTED_CONFIG }),
        'Kernel configuration: { CMA_SIZE_MBYTES: 64 }, a .config by its name or its lines, or a list of such.',
      ),
      coherent: means(
        z.enum(COHERENT_STATES, { error: COHERENT_STATES.join(', ') }),
        'The coherent heap series: v3 unless given, and off with kernel.',
      ),
      accounting: means(
        z.array(z.enum(ACCOUNTING, { error: ACCOUNTING.join(', ') }), { error: 'a list of switches' }),
        'Which heaps charge cgroups: [memcg]',
      ),
      vendor: means(
        z.union([text, vendorSchema], { error: "a vendor's name, a file, or its content" }),
        "Heaps of a vendor's kernel: rockchip-5.10, a file, or what such a file has.",
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
