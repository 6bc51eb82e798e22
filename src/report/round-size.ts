/** Sizes to be read at a glance. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes in three or four digits: `96 KiB`, `31.4 MiB`; a size that is cut short has a decimal. */
export function roundSize(bytes: bigint | number): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const whole = Number.isInteger(value);
  return `${whole ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
