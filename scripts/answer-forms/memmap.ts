/** The form of the map of memory as JSON. */
import { z } from 'zod';
import { MAP_KINDS } from '../../src/report/map-kinds.ts';
import { address, exactly, names, profile, size, text, whole } from './values.ts';

const mapRange = exactly({ base: address, size }).meta({ id: 'map range' });

/** The map of physical memory: every page of the window belongs to one of the things. */
export const memmapAnswer = {
  profile,
  page_size: whole,
  window: mapRange,
  memory: z.array(mapRange),
  things: z.array(
    exactly({
      kind: z.enum(MAP_KINDS),
      name: text,
      region: text.nullable(),
      size,
      extents: z.array(mapRange),
      ino: whole.optional(),
      heap: text.optional(),
      tasks: names.optional(),
      device: text.optional(),
      id: whole.optional(),
    }).meta({ id: 'mapped thing' }),
  ),
  areas: z.array(
    exactly({
      name: text,
      heaps: names,
      base: address.nullable(),
      size,
      free: size,
      free_runs: whole,
      largest: mapRange.nullable(),
      largest_request: size.nullable(),
      largest_request_base: address.nullable(),
    }).meta({ id: 'free space' }),
  ),
};
