/**
 * The names of devices that Linux makes from nodes of the device tree.
 */
import { baseNameOf } from '../devicetree/node-lookup.ts';
import { OF_BAD_ADDR, type OfAddress } from './of-address.ts';
import type { Bus } from './of-bus.ts';

/**
 * dev_name() of a node's platform device: drivers/of/device.c: of_device_make_bus_id() (Linux 7.3).
 *
 *     a200000.camera          the address of its registers, as the CPU sees it, and its name
 *     soc@0:camera            no such address: the names on the way up
 *     a000000.codec:core@1    … as far as a node that has one
 */
export function deviceName(device: Bus, address: OfAddress): string {
  let name: string | undefined;
  const before = (own: string): string => (name === undefined ? own : `${own}:${name}`);
  for (let bus = device; bus.parent !== undefined; bus = bus.parent) {
    const reg = bus.property('reg');
    const base = reg === undefined ? OF_BAD_ADDR : address.translateAddress(bus, reg.value, 0);
    if (base !== OF_BAD_ADDR)
      return before(`${base.toString(16)}.${maskOf(bus)}${baseNameOf(bus.node.name)}`);
    name = before(bus.node.name);
  }
  return name ?? '';
}

/** Nodes that share a register by a `mask` are told apart by the number of its lowest bit; -1 for none. */
function maskOf(bus: Bus): string {
  const mask = bus.cell('mask');
  if (mask === undefined) return '';
  const lowest = mask === 0 ? 0xffffffff : 31 - Math.clz32(mask & -mask);
  return `${lowest.toString(16)}.`;
}
